"""The former name of :mod:`.model.options`, kept for programs that import it."""

from .model.options import *  # noqa: F403
