"""Lets the test package run on a Home Assistant newer than the one it was made for.

Load it with ``-p tests.plugins.latest``, which pytest does before it looks for
installed plugins. To be deleted with the override in ``scripts/requirements`` as soon
as the test package is released for 2026.11.
"""

# Home Assistant puts its own HTTP client in the place of httpx while it is imported, and
# refuses if somebody was earlier. The test package imports respx, hence httpx, first.
import homeassistant  # noqa: F401  # isort: skip

from homeassistant.components import logger
from homeassistant.components.logger import helpers

# Moved in 2026.11; the test package still patches it in the old place.
vars(logger)["_clear_logger_overwrites"] = helpers._clear_logger_overwrites
