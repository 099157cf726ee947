"""Takes Home Assistant away, for the tests of what must work without it.

Load it with ``-p tests.plugins.engine_alone``. The engine lies inside the integration,
whose own package imports Home Assistant; so that package is replaced by an empty one
that leads to the same folder, as the wheel does under another name. Whoever asks for
Home Assistant all the same is told that it is not there.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import override

INTEGRATION = Path(__file__).parents[2] / "custom_components" / "voltrail"


class NoHomeAssistant(MetaPathFinder):
    """Finds nothing, loudly."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse Home Assistant, and leave everything else to those who find it."""
        if fullname.partition(".")[0] == "homeassistant":
            message = f"{fullname} was asked for where it must not be needed"
            raise ModuleNotFoundError(message, name=fullname)
        return None


sys.meta_path.insert(0, NoHomeAssistant())
empty = ModuleType("custom_components.voltrail")
empty.__path__ = [str(INTEGRATION)]
sys.modules["custom_components.voltrail"] = empty
