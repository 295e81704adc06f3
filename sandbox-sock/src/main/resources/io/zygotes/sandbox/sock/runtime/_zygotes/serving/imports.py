"""Imports packages into a zygote and measures what they cost."""

import importlib
import time

from ..memory.address_space import private_bytes
from ..protocol import KEY_MODULES, KEY_NAME


def import_all(packages, after):
    """Imports in the given order and measures. Returns the cost of each: milliseconds and MiB.

    after is called with the name of each package when it is imported.
    """
    costs = {}
    for package in packages:
        before, started = private_bytes(), time.perf_counter()
        _import_package(package[KEY_MODULES])
        elapsed = (time.perf_counter() - started) * 1000
        costs[package[KEY_NAME]] = [elapsed, max(0, private_bytes() - before) / (1 << 20)]
        after(package[KEY_NAME])
    return costs


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
