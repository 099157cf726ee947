"""The former name of :mod:`.charging.charge_point`, kept for programs that import it."""

from .charging.charge_point import *  # noqa: F403
