"""The former name of :mod:`.model.errors`, kept for programs that import it."""

from .model.errors import *  # noqa: F403
