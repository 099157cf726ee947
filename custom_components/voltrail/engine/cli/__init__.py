"""The command ``voltrail``: all that can be asked of a device, from a shell.

It needs no Home Assistant. ``arguments`` knows the words, ``program`` carries a command out and
turns what went wrong into a line and an exit status; ``reading``, ``setting`` and ``meters`` are
the commands; ``report`` makes the JSON, ``table`` what people read.
"""

from .program import main, run

__all__ = ["main", "run"]
