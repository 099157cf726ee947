"""The former name of :mod:`.model.controls`, kept for programs that import it."""

from .model.controls import *  # noqa: F403
