"""What commands found out about devices, kept for the next ones.

Some devices have to be searched for what belongs to them, which takes long and leaves a line in
their log for every miss. So what was found is kept in the user's cache folder.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_FILE: Final = "devices.json"


def cache_file() -> Path:
    """Return where it is kept."""
    folder = os.environ.get("XDG_CACHE_HOME")
    return (Path(folder) if folder else Path.home() / ".cache") / "voltrail" / _FILE


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found out about one device, and which one that was."""

    fingerprint: str
    found: Mapping[str, Any]

    @classmethod
    def load(cls, key: str) -> Findings | None:
        """Return what is kept under a key; None if there is nothing of use."""
        match _stored().get(key):
            case {"fingerprint": str(fingerprint), "found": dict(found)}:
                return cls(fingerprint=fingerprint, found=found)
            case _:
                return None

    def save(self, key: str) -> Path | None:
        """Keep it and return where; None if that failed, which costs another search at most."""
        stored = _stored()
        stored[key] = {"fingerprint": self.fingerprint, "found": dict(self.found)}
        with suppress(OSError, RuntimeError):
            path = cache_file()
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # It names the devices of a house: for its user alone, and whole at any moment.
            part = path.with_name(f"{path.name}.{os.getpid()}")
            part.touch(mode=0o600)
            part.write_text(json.dumps(stored), encoding="utf-8")
            part.replace(path)
            return path
        return None


def _stored() -> dict[str, Any]:
    try:
        stored = json.loads(cache_file().read_text(encoding="utf-8"))
    except OSError, ValueError, RuntimeError:
        return {}
    return stored if isinstance(stored, dict) else {}
