"""A process that ends when whoever started it ends."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, Self

# Home Assistant takes two or three seconds to stop; a recorder that is busy takes longer.
PATIENCE: Final = 20


class EndedError(Exception):
    """A process has ended that was meant to run."""


class Process:
    """One process of ours, writing to a file, stopped by its own id and by nothing else."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        log: Path,
        folder: Path,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        # Where the kernel can be asked to, it ends our processes even if we are killed.
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "TERM", "--", *command]
        with log.open("wb") as output:
            # A session of its own: Ctrl-C in the terminal reaches us, and we end the
            # processes in the right order.
            self._process = subprocess.Popen(  # noqa: S603 - commands of ours
                command,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise if the process is no longer running, with the end of what it wrote."""
        if (status := self._process.poll()) is not None:
            said = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            message = "\n".join([f"{self.name} ended with status {status}:", *said])
            raise EndedError(message)

    def wait(self, seconds: float) -> None:
        """Wait for the process to end, at most so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def stop(self) -> None:
        """Ask the process to end, and end it if it does not."""
        if self._process.poll() is None:
            self._process.terminate()
            self.wait(PATIENCE)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
