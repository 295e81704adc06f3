"""Tells which modules a leaf loaded by itself: its zygote may have them the next time."""

import sys

from .. import wire
from ..protocol import FRAME_LOADED, MOST_LOADED, PATH_HANDLER

_LONGEST = 255


def since(count):
    """A frame with the names of all modules that came after so many. Those of the lambda's own code are left out."""
    names = [name for name in list(sys.modules)[count:] if type(name) is str and len(name) <= _LONGEST]
    found = [name for name in names[:MOST_LOADED] if _is_of_others(name)]
    try:
        return wire.frame(FRAME_LOADED, "\n".join(found).encode())
    except UnicodeError:
        return b""  # some program makes names like that


def _is_of_others(name):
    """Whether a module has a file, and that is not the lambda's. Code of the lambda has a part in what is looked at."""
    try:
        origin = sys.modules[name].__spec__.origin
        return type(origin) is str and origin.startswith("/") and not origin.startswith(PATH_HANDLER + "/")
    except BaseException:
        return False
