"""A zygote: imports packages, then forks leaves and further zygotes until the worker hangs up.

It was locked down before the first import, because a package may patch any Python function that is called later on.
"""

import gc
import importlib
import json
import os
import select
import socket
import time

from . import kernel, leaf, rehearsal, setup, wire

# Seconds without a request after which there is time for what can wait.
_IDLE = 0.05
_DONE = object()


def _private_bytes():
    """Memory that is this process's own, about: resident less file-backed and shared pages (proc(5), statm)."""
    with open("/proc/self/statm") as file:
        fields = file.read().split()
    return (int(fields[1]) - int(fields[2])) * kernel.PAGE


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
        memory, started = _private_bytes(), time.perf_counter()
        _import_package(package["modules"])
        elapsed = (time.perf_counter() - started) * 1000
        costs[package["name"]] = [elapsed, max(0, _private_bytes() - memory) / (1 << 20)]
    return costs


def main(instructions):
    """Imports what the worker says, tells what it cost, and serves. Returns in each child, with the child's work."""
    # Threads of numeric libraries would not live on in a fork, and a process with threads cannot be forked cheaply.
    setup.set_environment(dict(instructions["environment"], OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1"))
    setup.add_packages(instructions["visible"])
    try:
        costs = _import_all(instructions["packages"])
        kernel.make_memory_private()
        if kernel.threads() > 1:
            _rehearse()
    except BaseException as error:
        setup.tell_failure(wire.CHANNEL, "import", error)
        os._exit(1)
    setup.set_environment(instructions["environment"])  # what leaves find, unless they are told otherwise
    rehearsal.run()
    # What lives now lives for ever: without this the collector would write to these pages in every child.
    gc.collect()
    gc.freeze()
    report = json.dumps({"costs": costs, "threads": kernel.threads()}).encode()
    wire.send_frame(wire.CHANNEL, wire.READY, report)
    return _serve(wire.over(wire.CHANNEL, socket.SOCK_SEQPACKET))


def _rehearse():
    """Forks once. If a thread holds what a handler for forks waits for, it hangs here, where imports have a deadline."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _serve(control):
    """Forks for the worker. Returns in each child, with the child's work."""
    later = kernel.make_pages_huge()
    practice = rehearsal.Request()
    while True:
        later = _while_idle(control, later)
        try:
            request, descriptors = wire.receive_message(control)
        except (wire.Closed, ConnectionError):
            os._exit(0)
        try:
            if _fork(request, descriptors) == 0:
                control.detach()  # its number is the child's own channel from now on
                practice.detach()
                return _become(request, descriptors)
        except OSError as error:
            setup.tell_failure(descriptors[0], "fork", error)
        for descriptor in descriptors:
            os.close(descriptor)
        if not _is_asked(control, 0):
            practice.run()


def _is_asked(control, seconds):
    return bool(select.select([control], [], [], seconds)[0])


def _while_idle(control, later):
    """Goes on with what can wait, step by step, as long as no request comes. Returns what is left of it."""
    while later is not None and not _is_asked(control, _IDLE):
        if next(later, _DONE) is _DONE:
            return None
    return later


def _fork(request, descriptors):
    """Returns 0 in the child."""
    is_leaf = request["kind"] == "leaf"
    flags = setup.namespaces(request)
    cgroup = descriptors[2] if is_leaf else -1
    if kernel.threads() == 1:
        # The child belongs to the warden, which tells the worker when it ends; the zygote may be gone by then.
        return kernel.clone(flags | kernel.CLONE_PARENT, cgroup)
    return _fork_with_threads(flags, cgroup, descriptors[0])


def _fork_with_threads(flags, cgroup, channel):
    """With threads only fork(2) by the C library is safe: it runs the handlers that libraries registered for it.

    The process in the middle has one thread, makes the sandbox, and ends, so that the warden inherits the sandbox.
    """
    middle = os.fork()
    if middle == 0:
        try:
            if kernel.clone(flags, cgroup) == 0:
                return 0
        except OSError as error:
            setup.tell_failure(channel, "fork", error)
        os._exit(0)
    os.waitpid(middle, 0)
    return middle


def _become(request, descriptors):
    """In the child: sets the sandbox up and returns its work."""
    with setup.Setup(request, descriptors) as steps:
        steps.hello()
        steps.descriptors()
        if request["kind"] == "leaf":
            steps.map_itself()
            steps.mounts()
            steps.rest()
            go = steps.orders()
            steps.limits(go)
            steps.lock_down()
            steps.final_filter()
            return leaf.main, go
        steps.await_maps()
        setup.take_identity(setup.FIRST_ID)
        kernel.set_dumpable(True)
        steps.mounts()
        steps.rest()
        go = steps.orders()
        steps.lock_down()
        kernel.set_dumpable(False)
        return main, go
