"""What is released: the archive, the version, the changelog, and the messages of commits."""

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MANIFEST: Final = ROOT / "custom_components" / "voltrail" / "manifest.json"
VERSION: Final = json.loads(MANIFEST.read_text(encoding="utf-8"))["version"]
HOOK: Final = ROOT / "scripts" / "hooks" / "commit-msg"

REASON: Final = "\n\nIt was wrong, and now it is not.\n"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of ours to its end."""
    return subprocess.run(  # noqa: S603 - a program of ours
        list(map(str, words)), cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )


def archive(target: Path) -> Path:
    """Make the archive from what is committed, as ``scripts/package`` does."""
    made = run(
        *("git", "archive", "--format=zip", f"--output={target}", "HEAD:custom_components/voltrail")
    )
    if made.returncode:
        pytest.skip(f"only a checkout knows what is committed: {made.stderr}")
    return target


def start(found: Path) -> subprocess.CompletedProcess[str]:
    """Start what is in an archive in this Home Assistant."""
    return run(sys.executable, ROOT / "scripts" / "lib" / "unpacked.py", found)


def test_what_hacs_unpacks_starts(tmp_path: Path) -> None:
    """It starts in a Home Assistant that knows nothing else of the project."""
    started = start(archive(tmp_path / "voltrail.zip"))
    assert started.returncode == 0, started.stderr
    assert re.search(r"version \S+ starts in Home Assistant 2026\.1", started.stdout)


@pytest.mark.parametrize(
    ("left_out", "complaint"),
    [
        ("manifest.json", "the manifest is not at the top"),
        ("push/stream_listener.py", "it cannot be set up"),
    ],
)
def test_an_archive_that_lacks_something(tmp_path: Path, left_out: str, complaint: str) -> None:
    """What HACS would unpack, and could not start, is not released."""
    whole = archive(tmp_path / "whole.zip")
    lacking = tmp_path / "lacking.zip"
    with zipfile.ZipFile(whole) as given, zipfile.ZipFile(lacking, "w") as taken:
        for name in given.namelist():
            if name != left_out:
                taken.writestr(name, given.read(name))
    started = start(lacking)
    assert started.returncode == 1
    assert complaint in started.stderr


def test_a_tag_of_another_version() -> None:
    """It is refused before anything is made."""
    refused = run("scripts/package", "v0.0.1")
    assert refused.returncode == 1
    assert f"is not v{VERSION}" in refused.stderr


def test_the_changelog_has_the_version() -> None:
    """The newest section with a date is that of the manifest's version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[([^]]+)\] - (\d{4}-\d{2}-\d{2})$", text, re.MULTILINE)
    assert sections
    assert sections[0][0] == VERSION


@pytest.mark.parametrize("name", ["release", "checks", "validate"])
def test_workflows_are_pinned(name: str) -> None:
    """Every action is that of one commit, and no job may do more than it says."""
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert comment.strip().startswith("#"), action
    assert "\npermissions: {}\n" in text


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("Refuse limits above the fuse" + REASON, None),
        ("Merge branch 'main' into alfen\n", None),
        ('Revert "Refuse limits above the fuse"\n', None),
        ("fixup! Refuse limits above the fuse\n", None),
        ("x" * 73 + REASON, "72 are the most"),
        ("Å" + "x" * 71 + REASON, None),
        ("Refuse limits above the fuse." + REASON, "full stop"),
        ("fix: limits" + REASON, "capital letter"),
        ("Refuse limits above the fuse\n", "the reason"),
        ("Refuse limits above the fuse\n\n# Please enter the message\n", "the reason"),
        ("Refuse limits above the fuse\nIt was wrong.\n", "stays empty"),
        (
            "Refuse limits above the fuse\n\n# ---- >8 ----\ndiff --git a/x b/x\n",
            "the reason",
        ),
    ],
)
def test_messages_of_commits(tmp_path: Path, message: str, complaint: str | None) -> None:
    """The hook refuses what a stranger could not use, and leaves git's own alone."""
    given = tmp_path / "COMMIT_EDITMSG"
    given.write_text(message, encoding="utf-8")
    found = run(HOOK, given)
    assert (found.returncode == 0) is (complaint is None), found.stderr
    assert complaint is None or complaint in found.stderr


def test_the_archive_holds_the_integration(tmp_path: Path) -> None:
    """Its parts are at the top, and nothing of the project around them is in it."""
    with zipfile.ZipFile(io.BytesIO(archive(tmp_path / "voltrail.zip").read_bytes())) as packed:
        names = packed.namelist()
    assert {"manifest.json", "config_flow.py", "translations/en.json", "engine/library.py"} <= set(
        names
    )
    assert not [name for name in names if name.startswith((".", "tests", "custom_components"))]
