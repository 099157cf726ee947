# Inside Home Assistant the name is an alias of its own validation library.
from probatio import *
