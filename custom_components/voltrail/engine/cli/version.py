"""Which version this is: of the installed wheel, or of the checkout."""

import json
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final

_MANIFEST: Final = Path(__file__).resolve().parents[2] / "manifest.json"


def version() -> str:
    """Return the version; in a checkout it stands in the manifest beside the engine."""
    with suppress(OSError, ValueError):
        manifest = json.loads(_MANIFEST.read_text(encoding="utf-8"))
        # Beside an installed wheel any package may have left a file of that name.
        if isinstance(manifest, dict) and manifest.get("domain") == "voltrail":
            return str(manifest["version"])
    try:
        return metadata.version("voltrail")
    except metadata.PackageNotFoundError:
        # The folder was copied without its package.
        return "unknown"
