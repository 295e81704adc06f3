"""Imports packages into a zygote and measures what they cost."""

import importlib
import sys
import time
from importlib.machinery import PathFinder

from .. import wire
from ..memory.address_space import private_bytes
from ..protocol import CHANNEL, FRAME_IMPORTING, KEY_MODULES, KEY_NAME

# What one further module may take, and all of them together: milliseconds of processor, because an import takes ten
# times as long on a machine that is busy. The worker looks at the clock as well: see SockZygote.java.
_SLOWEST_MILLIS, _MOST_MILLIS = 1000, 3000
# For those who wait instead of working: so many times as long on the clock.
_WAITING = 10
_LARGEST_BYTES, _MOST_BYTES = 32 << 20, 128 << 20


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


def with_parts(costs, packages, parts):
    """The same costs, where what further modules cost counts for the package of this zygote that each is a part of."""
    owners = {module: package[KEY_NAME] for package in packages for module in package[KEY_MODULES]}
    whole = {name: list(cost) for name, cost in costs.items()}
    for module, cost in parts.items():
        above = module
        while above and above not in owners:
            above = above.rpartition(".")[0]
        if above:
            name = owners[above]
            whole[name] = [a + b for a, b in zip(whole[name], cost)]
    return whole


class FurtherModules:
    """Modules that a zygote imports beside those of its packages, because its children will need them.

    Nobody may rely on them. So one that fails, takes long, or leaves what no fork carries over is told to the worker,
    which leaves it out from then on.
    """

    def __init__(self):
        self.left_out = {}
        self.looked_for = {}
        self.costs = {}  # milliseconds and MiB, of those that were imported
        self.is_spoilt = False

    def import_all(self, names, examination):
        """Imports them in this order, until they take too much together."""
        spent, size = _Spent(), private_bytes()
        for name in names:
            if name in sys.modules:
                continue
            if spent.more_than(_MOST_MILLIS) or private_bytes() - size > _MOST_BYTES:
                break
            if not _is_there(name.partition(".")[0]):
                self.left_out[name] = "it is not there"
                continue
            wire.send_frame(CHANNEL, FRAME_IMPORTING, name.encode())
            self._import(name, examination)
        wire.send_frame(CHANNEL, FRAME_IMPORTING)

    def _import(self, name, examination):
        spent, size, missed = _Spent(), private_bytes(), set(examination.missed)
        reason = None
        try:
            importlib.import_module(name)
        except BaseException as error:  # SystemExit too: a module must not end the zygote by it
            reason = "it cannot be imported: %s" % type(error).__name__
        looked_for = sorted(examination.missed - missed)
        if looked_for:
            self.looked_for[name] = looked_for
        grown = private_bytes() - size
        spoils = examination.look()
        if spoils is None and grown > _LARGEST_BYTES:
            spoils = "it takes %d MiB" % (grown >> 20)
        if spoils is None and reason is None and spent.more_than(_SLOWEST_MILLIS):
            reason = "its import takes more than %d ms" % _SLOWEST_MILLIS
        if spoils is not None:
            self.is_spoilt = True
            reason = spoils
        if reason is not None:
            self.left_out[name] = reason
        else:
            self.costs[name] = [spent.millis(), max(0, grown) / (1 << 20)]


def _is_there(top):
    """Whether there is a module of this name, without anybody noticing who looks for those that are not there."""
    return top in sys.modules or top in sys.builtin_module_names or PathFinder.find_spec(top) is not None


class _Spent:
    """Time since it was made."""

    def __init__(self):
        self._worked, self._passed = time.process_time(), time.perf_counter()

    def millis(self):
        return (time.perf_counter() - self._passed) * 1000

    def more_than(self, millis):
        worked = (time.process_time() - self._worked) * 1000
        return worked > millis or self.millis() > millis * _WAITING
