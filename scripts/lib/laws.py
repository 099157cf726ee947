"""Check the laws of the house that neither ruff nor mypy can express.

Prints one line per breach and exits with 1 if there is any.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
INTEGRATION: Final = ROOT / "custom_components" / "voltrail"
DEVICES: Final = INTEGRATION / "engine" / "devices"
REQUIREMENTS: Final = ROOT / "scripts" / "requirements"

# Spelt so that this file does not break the law it checks.
REGISTRIES: Final = re.compile(
    r"files\.pythonhosted" + r"\.org|pypi\.org/simple" + r"|registry\.(npmjs|yarnpkg)" + r"\."
)
LOCKS: Final = {"uv.lock", "poetry.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}
VAGUE: Final = re.compile(r"\b(anew|whoever|somebody|nobody)\b", re.IGNORECASE)
GENERATED: Final = re.compile(r"(^|/)(\.venv|\.demo|\.git/|\.\w+_cache|__pycache__|node_modules)")


def project_files() -> list[Path]:
    """List what belongs to the project: what git knows, or all that is not generated."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = (
        listed.stdout.split("\0")
        if listed.returncode == 0
        else (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*"))
    )
    paths = (ROOT / name for name in names if name and not GENERATED.search(name))
    return sorted(path for path in paths if path.is_file())


def text_of(path: Path) -> str:
    """Read a file as text; an image has none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def families_above_devices() -> Iterator[str]:
    """No family's name appears above ``engine/devices/``."""
    if not DEVICES.is_dir():
        return
    folders = [entry.name for entry in DEVICES.iterdir() if (entry / "__init__.py").is_file()]
    # The brand alone betrays a family as well; "ams" alone is too short to be a sign.
    brands = {folder.partition("_")[0] for folder in folders}
    names = {*folders, *(brand for brand in brands if len(brand) > 3), "amtron"}
    pattern = re.compile("|".join(sorted(names, key=len, reverse=True)), re.IGNORECASE)
    for path in INTEGRATION.rglob("*.py"):
        if path.is_relative_to(DEVICES):
            continue
        for number, line in enumerate(text_of(path).splitlines(), start=1):
            if found := pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: names the family {found[0]!r}"


def prose(source: str) -> Iterator[tuple[int, str]]:
    """Yield the comments and docstrings of a module, each line with its number."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        # Also the texts below attributes, which Python itself throws away.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield from enumerate(str(node.value.value).splitlines(), start=node.lineno)


def vague_subjects() -> Iterator[str]:
    """A comment names the program, device or person it is about."""
    for path in sorted(INTEGRATION.rglob("*.py")):
        for number, line in prose(text_of(path)):
            if found := VAGUE.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {found[0]!r}: say what it is"


def registry_addresses(files: list[Path]) -> Iterator[str]:
    """No committed file names a package registry's address."""
    for path in files:
        if path.name in LOCKS:
            yield f"{path.relative_to(ROOT)}: a lock file names registry addresses"
        elif found := REGISTRIES.search(text_of(path)):
            yield f"{path.relative_to(ROOT)}: names the registry {found[0]!r}"


def unpinned_requirements() -> Iterator[str]:
    """Every wanted version is the one that gets installed."""
    for wanted in REQUIREMENTS.glob("*.in"):
        pins = {
            line.partition(" ")[0].lower()
            for line in text_of(wanted.with_suffix(".txt")).splitlines()
            if "==" in line
        }
        for line in text_of(wanted).splitlines():
            requirement = re.sub(r"\[.*?\]", "", line.partition("#")[0].strip()).lower()
            if not requirement:
                continue
            if "==" not in requirement:
                yield f"{wanted.relative_to(ROOT)}: {requirement} has no exact version"
            elif requirement not in pins:
                yield f"{wanted.relative_to(ROOT)}: run scripts/lock, {requirement} is not in force"


def untyped_folders(files: list[Path]) -> Iterator[str]:
    """Every folder with Python in it is among those that mypy checks."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        checked = tomllib.load(stream)["tool"]["mypy"]["files"]
    folders = {path.relative_to(ROOT).parts[0] for path in files if path.suffix == ".py"}
    for folder in sorted(folders.difference(checked)):
        yield f"pyproject.toml: mypy does not check {folder}"


def sleeping_tests(files: list[Path]) -> Iterator[str]:
    """No test blocks on the clock on the wall."""
    for path in files:
        if path.suffix == ".py" and path.is_relative_to(ROOT / "tests"):
            for number, line in enumerate(text_of(path).splitlines(), start=1):
                if re.search(r"\btime\.sleep\(", line):
                    yield f"{path.relative_to(ROOT)}:{number}: sleeps for real"


def junk_drawers(files: list[Path]) -> Iterator[str]:
    """A module is named after what it does."""
    for path in files:
        if path.stem in {"utils", "util", "misc"} and path.suffix == ".py":
            yield f"{path.relative_to(ROOT)}: name it after what it does"


def scattered_validation() -> Iterator[str]:
    """The validation library has one import: it may change its name one day."""
    for path in INTEGRATION.rglob("*.py"):
        imported = re.search(r"^(import|from) (voluptuous|probatio)\b", text_of(path), re.MULTILINE)
        if imported and path.name != "schema.py":
            yield f"{path.relative_to(ROOT)}: take vol from schema.py"


def broken_programs(files: list[Path]) -> Iterator[str]:
    """Every program can be run, and its shell can be parsed."""
    for path in files:
        first_line, _, rest = text_of(path).partition("\n")
        if path.suffix == ".sh" or (first_line.startswith("#!") and first_line.endswith("bash")):
            parsed = subprocess.run(  # noqa: S603 - a file of ours
                ["bash", "-n", str(path)],  # noqa: S607
                capture_output=True,
                text=True,
                check=False,
            )
            if parsed.returncode:
                yield parsed.stderr.strip()
            if "set -euo pipefail" not in rest and "/environment.sh" not in rest:
                yield f"{path.relative_to(ROOT)}: goes on after an error"
        if first_line.startswith("#!") and not path.stat().st_mode & 0o111:
            yield f"{path.relative_to(ROOT)}: is not executable"


def main() -> int:
    """Check every law."""
    files = project_files()
    breaches = [
        *families_above_devices(),
        *vague_subjects(),
        *registry_addresses(files),
        *unpinned_requirements(),
        *untyped_folders(files),
        *sleeping_tests(files),
        *junk_drawers(files),
        *scattered_validation(),
        *broken_programs(files),
    ]
    print("\n".join(breaches) or f"All laws hold in {len(files)} files.")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
