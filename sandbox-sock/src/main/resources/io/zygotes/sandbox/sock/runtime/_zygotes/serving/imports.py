"""Imports packages into a zygote and measures what they cost."""

import importlib
import sys
import time

from ..memory.address_space import private_bytes
from ..protocol import KEY_MODULES, KEY_NAME


def import_all(packages, after):
    """Imports in the given order and measures. Returns the cost of each: milliseconds and MiB.

    after is called with the name of each package when it is imported. A package that others need, and that lacks what
    it imports itself, is passed over: matplotlib-inline, say, needs matplotlib, which IPython does well without. The
    last one is what the others are here for.
    """
    costs = {}
    for package in packages:
        before, started = private_bytes(), time.perf_counter()
        there = set(sys.modules)
        try:
            _import_package(package[KEY_MODULES])
        except ImportError as error:
            if package is packages[-1]:
                raise
            _forget(set(sys.modules) - there, package[KEY_MODULES])
            print("passed over %s, which cannot be imported here: %s" % (package[KEY_NAME], error), file=sys.stderr)
        elapsed = (time.perf_counter() - started) * 1000
        costs[package[KEY_NAME]] = [elapsed, max(0, private_bytes() - before) / (1 << 20)]
        after(package[KEY_NAME])
    return costs


def _forget(names, modules):
    """Lets a child import a package from its beginning, as if nobody had tried."""
    tops = {module.partition(".")[0] for module in modules}
    for name in names:
        if name.partition(".")[0] in tops:
            del sys.modules[name]


def _import_package(modules):
    """Imports a package's modules. One that works is enough: many packages ship modules that need more than them."""
    first_error = None
    imported = 0
    for name in modules:
        try:
            importlib.import_module(name)
            imported += 1
        except BaseException as error:  # SystemExit too: a package must not end the zygote by it
            first_error = first_error or error
    if first_error is not None and not imported:
        raise first_error
