"""A zygote: imports packages, then forks leaves and further zygotes until the worker hangs up.

It was locked down before the first import, because a package may patch any Python function that is called later on.
"""

import gc
import importlib
import json
import os
import select
import signal
import time

from . import kernel, leaf, mappings, memory, rehearsal, setup, wire
from .kernel import do

# Milliseconds after a fork in which the worker and the child need the processors.
_PAUSE = 1
# The first that waits pays for it: each takes some 0.05 ms to lay out.
_MOST_AT_ONCE = 4
# Of leaves: with and without network, spare and not, of other limits, and whatever descriptors a package keeps open
# now and then.
_MOST_KNOWN = 32
# What would be freed or closed in a child: of this zygote, and of those that it was forked from.
_KEPT = []


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


def _import_all(packages):
    """Imports in the given order and measures. Returns the cost of each: milliseconds and MiB."""
    costs = {}
    for package in packages:
        before, started = memory.private_bytes(), time.perf_counter()
        _import_package(package["modules"])
        elapsed = (time.perf_counter() - started) * 1000
        costs[package["name"]] = [elapsed, max(0, memory.private_bytes() - before) / (1 << 20)]
    return costs


def main(instructions):
    """Imports what the worker says, tells what it cost, and serves. Returns in each child, with the child's work."""
    # Threads of numeric libraries would not live on in a fork, and a process with threads cannot be forked cheaply.
    setup.set_environment(dict(instructions["environment"], OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1"))
    setup.add_packages(instructions["visible"])
    try:
        costs = _import_all(instructions["packages"])
        mappings.make_private()
        _require_standard_streams()
        if kernel.threads() > 1:
            _rehearse()
    except BaseException as error:
        setup.tell_failure(wire.CHANNEL, "import", error)
        os._exit(1)
    setup.set_environment(instructions["environment"])  # what leaves find, unless they are told otherwise
    _settle()
    # What lives now lives for ever: without this the collector would write to these pages in every child.
    gc.freeze()
    report = json.dumps({"costs": costs, "threads": kernel.threads()}).encode()
    wire.send_frame(wire.CHANNEL, wire.READY, report)
    return _serve(wire.over(wire.CHANNEL, wire.PACKETS))


def _settle():
    """Arranges memory so that children have little of it to copy, and rehearses what they run."""
    memory.fill_holes()
    mappings.join_programs()
    if kernel.threads() > 1:
        rehearsal.run()
        return
    mappings.move_data()
    # While another process has the same memory, what the rehearsal writes to is copied out of the folios, page by
    # page. Else each child would do so, and all of them count in one place how often a folio is mapped.
    wait, release = os.pipe()
    other = kernel.fork()
    if other == 0:
        os.close(release)
        os.read(wait, 1)  # up to the end of this zygote, should that come first
        os._exit(0)
    rehearsal.run()
    os.kill(other, signal.SIGKILL)  # whatever a package has it do after a fork
    _await_end(other)
    os.close(wait)
    os.close(release)


def _require_standard_streams():
    """Opens those that a package closed: else their numbers were given to what is made for the next child."""
    for number in range(wire.CHANNEL):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest unused number, which is this one
            os.set_inheritable(number, True)


def _await_end(child):
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        pass  # a package's handler for SIGCHLD waited for it, or ignores all ends (sigaction(2))


def _rehearse():
    """Forks once.

    If a thread holds what a handler for forks waits for, it hangs here, where imports have a deadline.
    """
    child = kernel.fork()
    if child == 0:
        os._exit(0)
    _await_end(child)


def _serve(control):
    """Forks for the worker. Returns in each child, with the child's work."""
    requests = _Requests(control)
    _KEPT.append(requests)  # in a child it would only be more pages to copy
    requests.practise()
    while True:
        waiting = requests.next()
        for steps in waiting:
            try:
                if _fork(steps) == 0:
                    return _become(steps)
            except OSError as error:
                setup.tell_failure(steps.channel, "fork", error)
        for steps in waiting:
            steps.close()
        if not requests.are_there(_PAUSE):
            requests.practise()


class _Requests:
    """What the worker asks of this zygote.

    A fork makes all memory of the zygote read-only for the moment, and each page that it writes to on the way to the
    next one is copied. So little is done for a request: one that differs from another in names and numbers only is
    laid out once. Where many come at once, a few are laid out and then forked for in a row. And when nobody waits it
    is practised: then the pages are the zygote's own again when a request comes.
    """

    def __init__(self, control):
        self._control = control
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._ours, self._theirs = wire.pair(wire.PACKETS)
        self._known = {}
        self._remember(rehearsal.REQUEST, rehearsal.DESCRIPTORS)

    def are_there(self, milliseconds):
        """Waits up to this long."""
        return bool(self._poll.poll(milliseconds))

    def next(self):
        """Waits for a request.

        Returns it and others that are there: forks in a row copy most of the pages only once.
        """
        waiting = self._current = [self._next()]  # they stay, in the child, too
        while len(waiting) < _MOST_AT_ONCE and self.are_there(0):
            waiting.append(self._next())
        return waiting

    def _next(self):
        """Ends the process if the worker is gone."""
        try:
            data, descriptors = wire.receive_request(self._control)
        except (wire.Closed, ConnectionError):
            os._exit(0)
        steps = self._lay_out(data, descriptors)
        if steps.kind == "leaf":
            self._last = data
            if len(descriptors) != self._count:
                self._remember(data, len(descriptors))
        return steps

    def _remember(self, data, count):
        """What to practise with, and how many descriptors go with it."""
        self._last, self._count = data, count
        self._beside = wire.with_descriptors([wire.CHANNEL] * count)

    def _lay_out(self, data, descriptors):
        common, *own = data.split(b"\n")
        key = common, descriptors
        steps = self._known.get(key)
        if steps is not None:
            steps.renew(*own)
            return steps
        steps = setup.Setup(wire.parse(common), own, descriptors, self._control)
        if len(self._known) == _MOST_KNOWN:
            self._known.clear()
        self._known[key] = steps
        return steps

    def practise(self):
        """Goes all the way to a fork, but for the fork."""
        self._ours.sendmsg((self._last,), self._beside)
        steps = self._lay_out(*wire.receive_request(self._theirs))
        kernel.threads()
        steps.close()


def _fork(steps):
    """Returns 0 in the child."""
    if kernel.threads() == 1:  # asked at the last moment: a signal handler of a package could have started one
        return kernel.clone(steps.how, steps.first)
    return _fork_with_threads(steps)


def _fork_with_threads(steps):
    """With threads only fork(2) by the C library is safe: it runs the handlers that libraries registered for it.

    The process in the middle has one thread, makes the sandbox, and ends, so that the warden inherits the sandbox.
    """
    middle = kernel.fork()
    if middle == 0:
        try:
            if kernel.clone(steps.how.without_clone_parent(), steps.first) == 0:
                return 0
        except OSError as error:
            setup.tell_failure(steps.channel, "fork", error)
        os._exit(0)
    _await_end(middle)
    return middle


def _become(steps):
    """In the child: sets the sandbox up and returns its work."""
    if steps.kind == "leaf":
        if steps.is_spare:
            return leaf.main_of_spare, steps.go(meanwhile=lambda: rehearsal.of_spare(steps))
        return leaf.main, steps.go()
    go = steps.go()
    do(kernel.set_dumpable(False))
    return main, go
