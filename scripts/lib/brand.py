"""Render docs/brand/*.svg to the sizes and names that Home Assistant looks for."""

from pathlib import Path
from typing import Final

import resvg_py  # type: ignore[import-not-found]  # scripts/brand installs it for this alone

ROOT: Final = Path(__file__).parents[2]
DRAWINGS: Final = ROOT / "docs" / "brand"
IMAGES: Final = ROOT / "custom_components" / "voltrail" / "brand"

# Of the image for ordinary screens; @2x has twice as many. The icon stands on a tile of
# its own and needs no dark variant.
HEIGHTS: Final = {"icon": 256, "logo": 128, "dark_logo": 128}

if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for name, height in HEIGHTS.items():
        for suffix, factor in (("", 1), ("@2x", 2)):
            image = resvg_py.svg_to_bytes(
                svg_path=str(DRAWINGS / f"{name}.svg"), height=height * factor
            )
            (IMAGES / f"{name}{suffix}.png").write_bytes(bytes(image))
            print(f"{name}{suffix}.png: {len(image)} bytes")
