"""The code of a lambda, mostly f.py, and what makes one child of a zygote draw other random numbers than the next."""

import array
import importlib.machinery
import importlib.util
import marshal
import os
import sys

from ..protocol import PATH_HANDLER
from ..tuning import OWN_LOADER, PLAIN_SEED
from . import entries

_SOURCE = PATH_HANDLER + "/f.py"
BYTE_CODE = PATH_HANDLER + "/__pycache__/f." + sys.implementation.cache_tag + ".pyc"
_PART, _LARGE_PART = 1 << 12, 1 << 20  # most byte code fits into the first, and so does the room for it
_UNCHECKED = b"\x01\x00\x00\x00"  # PEP 552: a hash stands in the file, and nobody compares it

# Made in the zygote, ready in every child: all lambdas have the same name for their module.
_LOADER = importlib.machinery.SourceFileLoader("f", _SOURCE)
_MODULE = importlib.util.module_from_spec(importlib.util.spec_from_file_location("f", _SOURCE, loader=_LOADER))
_MAGIC = importlib.util.MAGIC_NUMBER + _UNCHECKED
# Bound before a package may have put something else in their place, and as wire.py says.
_open, _read, _close, _urandom = os.open, os.read, os.close, os.urandom
_loads, _array = marshal.loads, array.array
_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC


def byte_code(path):
    """The code of f.py as the worker compiled it ahead, or None. The folder never changes, so nothing is compared."""
    try:
        descriptor = _open(path, _READ_ONLY)
    except FileNotFoundError:
        return None
    try:
        data = _read(descriptor, _PART)
        if len(data) == _PART:
            parts = [data]
            while parts[-1]:
                parts.append(_read(descriptor, _LARGE_PART))
            data = b"".join(parts)
    finally:
        _close(descriptor)
    if data[:8] != _MAGIC:
        return None
    return _loads(memoryview(data)[16:])


def import_entry(path=BYTE_CODE):
    """Imports the lambda's code, and returns what its calls run."""
    name, handler = entries.module()
    return entries.find(_import_f(path) if name == "f" else importlib.import_module(name), handler)


def _import_f(path):
    """Runs f.py as the module f."""
    sys.modules["f"] = _MODULE
    code = byte_code(path) if OWN_LOADER else None
    if code is None:
        _LOADER.exec_module(_MODULE)
    else:
        exec(code, _MODULE.__dict__)
    return _MODULE


def forget_f():
    """As if f.py had never been imported."""
    del sys.modules["f"], _MODULE.__dict__["f"]


# Of numpy's global generator, as numpy.random.set_state takes it. The key is the whole of the Mersenne Twister's state.
_STATE = {"bit_generator": "MT19937", "state": {"key": None, "pos": 624}, "has_gauss": 0, "gauss": 0.0}


def reseed():
    """Children of one zygote must not draw the same numbers. random.random() is reseeded by Python itself.

    Generators that a package made for itself while it was imported are not known here.
    """
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is None:
        return
    if not PLAIN_SEED:
        numpy_random.seed()
        return
    # A quarter of the time of numpy.random.seed(), which hashes what it gets from the kernel.
    _STATE["state"]["key"] = _array("I", _urandom(4 * 624))
    try:
        numpy_random.set_state(_STATE)
    except (TypeError, ValueError):
        numpy_random.seed()  # a numpy before 1.17, or another generator was set
