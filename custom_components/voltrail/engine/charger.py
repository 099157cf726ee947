"""The former name of what chargers share, kept for programs that import it."""

from .charging.charge_point import *  # noqa: F403
from .model.charging import *  # noqa: F403
