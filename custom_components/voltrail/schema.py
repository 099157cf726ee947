"""The library that checks what people and automations enter, under its only import.

Home Assistant has a validation library of its own by now, answers to the old name with it, and
bans that name in its own code. Should it stop answering, this line is all that changes.
"""

import voluptuous as vol

__all__ = ["vol"]
