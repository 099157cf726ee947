"""How fast the decoder for smart meters is, beside the library of the existing integration.

Every case is a stream of frames made by the simulator, fed in pieces of 64 bytes, from raw bytes
to a mapping of readings. The best of the rounds counts; they take turns with those of the peer. The
peer, amshan 2.1.1, is installed into an environment of its own and never into this one.

    python benchmarks/han.py                  the table; all ratios that are promised must hold
    python benchmarks/han.py --noise          how fast noise of every kind is passed over
    python benchmarks/han.py --fuzz 2000000   so many spoilt inputs, and what became of them
"""

import argparse
import json
import platform
import shutil
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from custom_components.voltrail.engine.han import HanReader  # noqa: E402 - the path comes first
from tests.engine.han.fuzzing import Fuzzer  # noqa: E402
from tests.engine.han.support import BUSY, encoded  # noqa: E402
from tests.engine.han.test_speed import CHUNK, NOISE  # noqa: E402

PEER: Final = "amshan==2.1.1"
ENVIRONMENT: Final = ROOT / ".venv-benchmark"
WANTED: Final = 15
PIECE: Final = 64
ROUNDS: Final = 5
TURNS: Final = 4

CASES: Final = {
    "Aidon list 1": ("aidon-tn", "1"),
    "Aidon list 2 IT": ("aidon-it", "2"),
    "Aidon list 2 TN": ("aidon-tn", "2"),
    "Aidon list 3 TN": ("aidon-tn", "3"),
    "Aidon Sweden": ("aidon-se", "full"),
    "Kaifa list 1": ("kaifa-it", "1"),
    "Kaifa list 2": ("kaifa-it", "2"),
    "Kaifa Sweden, pairs": ("kaifa-se-pairs", "full"),
    "Kamstrup list 1": ("kamstrup-tn", "1"),
    "Kamstrup list 2": ("kamstrup-tn", "2"),
    "P1 telegram": ("p1-se", "full"),
}
#: All that the peer reads as well.
DECISIVE: Final = tuple(CASES)
#: What no peer reads.
OWN: Final = {
    "Landis+Gyr E450, blocks": ("landis-e450", "full"),
    "Iskraemeco, segments": ("iskra-ch", "full"),
    "Iskraemeco, list of 18": ("iskra-si", "2"),
    "P1 telegram, tariffs": ("p1-nl", "full"),
}
FRAMES: Final = 40
#: What is held goes up and down by this much with the lists that happen to be remembered.
_TOLERATED: Final = 128 * 1024

#: Runs in the peer's environment: takes the streams, gives frames per second.
PEER_PROGRAM: Final = """
import json, sys, time
from han import autodecoder, dlde, hdlc

def stream(pieces, decoder):
    reader, count = hdlc.HdlcFrameReader(False), 0
    for piece in pieces:
        for frame in reader.read(piece):
            if frame.is_good_ffc and frame.is_expected_length:
                count += bool(decoder.decode_message_payload(frame.payload))
    return count

def telegrams(pieces, decoder):
    reader, count = dlde.ModeDReader(), 0
    for piece in pieces:
        for message in reader.read(piece):
            count += bool(message.is_valid and decoder.decode_message(message))
    return count

asked = json.load(sys.stdin)
rates = {}
for name, text in asked["streams"].items():
    data = bytes.fromhex(text)
    pieces = [data[at:at + asked["piece"]] for at in range(0, len(data), asked["piece"])]
    read = telegrams if data[:1] == b"/" else stream
    decoder, best = autodecoder.AutoDecoder(), 0.0
    try:
        for _ in range(asked["rounds"]):
            frames, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < asked["seconds"]:
                frames += read(pieces, decoder)
            best = max(best, frames / spent)
    except Exception as error:
        print(f"{name}: {error!r}", file=sys.stderr)
    rates[name] = best
json.dump(rates, sys.stdout)
"""


def streams() -> dict[str, bytes]:
    """The frames of every case."""
    return {name: encoded(*which, BUSY) * FRAMES for name, which in (CASES | OWN).items()}


def measure(data: bytes, seconds: float) -> float:
    """Frames per second of our decoder, from pieces of a stream to readings."""
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    reader = HanReader()
    best = 0.0
    for _ in range(ROUNDS):
        frames = 0
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            for piece in pieces:
                for message in reader.feed(piece):
                    frames += bool(message.readings)
        best = max(best, frames / spent)
    assert not reader.take_drops()
    return best


def peer_python() -> Path | None:
    """Return the interpreter of the peer's environment, which is made when it is missing."""
    python = ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if python.exists() and _works([str(python), "-c", "import han"]):
        return python
    uv = shutil.which("uv")
    tool = [uv] if uv else [sys.executable, "-m", "uv"]
    if _works([*tool, "--version"]):
        create = [*tool, "venv", "-q", "--clear", "--python", sys.executable, str(ENVIRONMENT)]
        install = [*tool, "pip", "install", "-q", "--python", str(python), PEER]
    else:
        create = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
        install = [str(python), "-m", "pip", "install", "-q", PEER]
    return python if _works(create, say=True) and _works(install, say=True) else None


def _works(command: list[str], *, say: bool = False) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603 - our own commands
    except (OSError, subprocess.TimeoutExpired) as err:
        if say:
            print(f"{command[0]}: {err}", file=sys.stderr)
        return False
    if done.returncode and say:
        print(done.stderr.strip(), file=sys.stderr)
    return done.returncode == 0


def peer_rates(python: Path, data: dict[str, bytes], seconds: float) -> dict[str, float]:
    """Frames per second of the peer, on the same frames."""
    asked = {
        "streams": {name: stream.hex() for name, stream in data.items()},
        "piece": PIECE,
        "rounds": ROUNDS,
        "seconds": seconds,
    }
    done = subprocess.run(  # noqa: S603 - our own command
        [str(python), "-c", PEER_PROGRAM],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    print(done.stderr, end="", file=sys.stderr)
    rates: dict[str, float] = json.loads(done.stdout)
    return rates


def compare(seconds: float) -> int:
    """Print the table; return 1 if the decoder is not as fast as it should be."""
    data = streams()
    python = peer_python()
    if python is None:
        print(f"{PEER} could not be installed: no comparison, only our own figures.")
    print(f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}")
    print(f"{'frames per second':24}{'voltrail':>10}{PEER:>16}{'ratio':>8}")
    ratios: dict[str, float] = {}
    for name, stream in data.items():
        # Each case by turns, so that a busy machine slows both.
        asked = python if name in CASES else None
        ours = theirs = 0.0
        for _ in range(TURNS):
            ours = max(ours, measure(stream, seconds / TURNS))
            if asked is not None:
                found = peer_rates(asked, {name: stream}, seconds / TURNS)
                theirs = max(theirs, found[name])
        ratios[name] = ours / theirs if theirs else 0.0
        ratio = f"{ratios[name]:.1f}" if theirs else "-"
        print(f"{name:24}{ours:10.0f}{theirs:16.0f}{ratio:>8}", flush=True)
    if python is None:
        return 0
    worst = min(ratios[name] for name in DECISIVE)
    print(f"at least {worst:.1f} times as fast; wanted: {WANTED}")
    return 0 if worst >= WANTED else 1


def pass_over_noise(seconds: float) -> int:
    """Print how fast noise of every kind is passed over, in the pieces of a stream."""
    print(f"{'noise':24}{'MB/s':>10}{'ms a piece, at most':>22}")
    for name, (noise, _) in NOISE.items():
        reader, passed, longest = HanReader(), 0, 0.0
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            for at in range(0, len(noise), CHUNK):
                begun = time.perf_counter()
                reader.feed(noise[at : at + CHUNK])
                longest = max(longest, time.perf_counter() - begun)
            passed += len(noise)
        print(f"{name:24}{passed / spent / 1e6:10.1f}{longest * 1000:22.2f}", flush=True)
    return 0


def fuzz(cases: int, seed: int) -> int:
    """Throw spoilt inputs at the decoder, and print what became of them."""
    fuzzer = Fuzzer(seed=seed)
    step = max(cases // 20, 1)
    fuzzer.run(step)
    tracemalloc.start()
    held: list[int] = []
    start = time.perf_counter()
    while fuzzer.cases < cases:
        fuzzer.run(min(step, cases - fuzzer.cases))
        held.append(tracemalloc.get_traced_memory()[0])
        print(
            f"{fuzzer.cases} inputs, {fuzzer.messages} messages, {held[-1]} bytes held", flush=True
        )
    peak = tracemalloc.get_traced_memory()[1]
    print(f"{time.perf_counter() - start:.0f} s, at most {peak} bytes")
    print(f"dropped for: {', '.join(sorted(fuzzer.reasons))}")
    print(f"raised something: {len(fuzzer.raised)}; wrong check passed: {len(fuzzer.wrong)}")
    for line in (*fuzzer.raised[:5], *fuzzer.wrong[:5]):
        print(line)
    half = len(held) // 2
    grown = max(held[half:], default=0) - max(held[:half], default=0)
    print(f"the second half held {grown:+} bytes more than the first")
    return int(bool(fuzzer.raised or fuzzer.wrong) or grown > _TOLERATED)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=0.2, help="per round and case")
    parser.add_argument("--fuzz", type=int, metavar="N", help="spoilt inputs instead")
    parser.add_argument("--noise", action="store_true", help="noise instead")
    parser.add_argument("--seed", type=int, default=1, help="of the spoilt inputs")
    chosen = parser.parse_args()
    if chosen.fuzz:
        return fuzz(chosen.fuzz, chosen.seed)
    return pass_over_noise(chosen.seconds) if chosen.noise else compare(chosen.seconds)


if __name__ == "__main__":
    sys.exit(main())
