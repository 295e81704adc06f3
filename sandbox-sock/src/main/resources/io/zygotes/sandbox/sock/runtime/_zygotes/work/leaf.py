"""A leaf: imports f.py once, then answers calls until it is killed."""

import json
import os
import sys
import time

from .. import wire
from ..linux import files
from ..protocol import (
    CHANNEL,
    FRAME_CALL,
    FRAME_FAILED,
    KEY_ENVIRONMENT,
    KEY_ERROR,
    KEY_PACKAGES,
    KEY_PROCESSORS,
    KEY_SHADOWED,
    KEY_STEP,
    KEY_TRACEBACK,
    PATH_HANDLER,
    STATUS_ERROR,
    STEP_IMPORT,
)
from ..setup import interpreter
from ..tuning import LATE_READY, OWN_LOADER
from . import hooks, loaded
from .answers import flush, said, user_traceback
from .children import let_go_of_orphans
from .code import BYTE_CODE, forget_f, import_entry, reseed
from .entries import Function
from .inheritance import compute_with, restorers, whole

# Bound before a package may have put something else in its place, and as wire.py says.
_now = time.perf_counter_ns
_receive_frame, _send, _said_ready = wire.receive_frame, wire.send, wire.ready
_modules = sys.modules
_HOOKS = hooks.MODULE

is_called = files.look_for_input(CHANNEL)


def main(instructions):
    """Serves calls. Never returns normally."""
    reseed()
    main_of_spare(instructions)


def main_of_spare(instructions):
    """As main, for a leaf that drew its random numbers before it knew its lambda."""
    for restorer in restorers:
        restorer()
    serve_more(begin(instructions))


def serve_calls(handle, imported):
    """Answers calls, one after the other. Never returns.

    imported is when the import of f.py began and ended; None if the worker was told that it is ready.
    """
    _serve_first(handle, imported)
    serve_more(handle)


def serve_more(handle):
    """As serve_calls, but for the first call."""
    while True:
        let_go_of_orphans()
        serve(CHANNEL, handle, True)


def begin(instructions, channel=CHANNEL, byte_code=BYTE_CODE):
    """Makes the process the lambda's, imports its code, and answers the first call. Returns what answers."""
    become(instructions)
    known = len(_modules) + 1  # and f itself
    started = _now()
    try:
        handle = import_entry(byte_code).handle
    except BaseException as error:
        flush()
        report = {KEY_STEP: STEP_IMPORT, KEY_ERROR: said(error), KEY_TRACEBACK: user_traceback(error)}
        wire.send_frame(channel, FRAME_FAILED, json.dumps(report).encode())
        os._exit(1)
    imported = started, _now()
    if _HOOKS in _modules:
        _restore_itself(imported)
    _serve_first(handle, imported, channel, known)
    return handle


def _serve_first(handle, imported, channel=CHANNEL, known=None):
    if imported is not None and not (LATE_READY and is_called()):
        tell_ready(*imported, channel)
        imported = None
    serve(channel, handle, False, imported, known)


def tell_ready(started, ended, channel=CHANNEL):
    """Tells the worker that f.py is imported, when that began and when it ended."""
    _send(channel, _ready(started, ended))


def _restore_itself(imported):
    """Runs what is registered around a snapshot where there is none: code that was written for one counts on it."""
    try:
        hooks.run_before_snapshot()
        hooks.run_after_restore()
    except BaseException as error:
        tell_ready(*imported)
        refuse("what runs before the snapshot, or after the restore", error)


def refuse(what, error):
    """Answers one call with an error of the lambda's, and ends: half restored, it is of no use."""
    flush()
    report = {KEY_ERROR: "%s failed: %s" % (what, said(error)), KEY_TRACEBACK: user_traceback(error)}
    wire.receive_frame(CHANNEL)
    wire.send(CHANNEL, wire.reply(STATUS_ERROR, json.dumps(report).encode()))
    os._exit(1)


def become(instructions):
    """Makes the process the lambda's, up to the import of its code."""
    # A child of a zygote is told only what differs from the zygote.
    if KEY_ENVIRONMENT in instructions:
        interpreter.set_environment(whole(instructions[KEY_ENVIRONMENT]))
        sys.path[:0] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path.insert(0, PATH_HANDLER)
    if KEY_PACKAGES in instructions:
        interpreter.add_packages(instructions[KEY_PACKAGES])
    if KEY_SHADOWED in instructions:
        interpreter.forget(instructions[KEY_SHADOWED])
    if KEY_PROCESSORS in instructions:
        compute_with(instructions[KEY_PROCESSORS])


def rehearse(channel, byte_code):
    """Becomes a lambda with this byte code, answers the call that waits in the channel, and is no lambda any more."""
    if OWN_LOADER:
        begin({}, channel, byte_code)
        forget_f()
    else:  # Python's own would look for the file below /handler, where this process has none
        become({})
        serve(channel, Function(lambda event: event).handle, False, (0, 0))
    del sys.path[0]


def serve(channel, handle, orphans, imported=None, known=None):
    """Answers one call. Orphans are waited for before it only if there may be some.

    handle is what an entry has. imported is when the import of f.py began and ended, if the worker was not told yet.
    known is how many modules there were before, at the first call.
    """
    kind, message = _receive_frame(channel)
    if kind != FRAME_CALL:
        raise ValueError("a leaf got a message of kind %d" % kind)
    if orphans:
        let_go_of_orphans()  # what ended after the last call, and while it was frozen

    def send(frame):
        """Sends a part of the answer, and what is to be told before the first one together with it."""
        nonlocal imported, known
        if known is not None and len(_modules) > known:
            frame = loaded.since(known) + frame
        if imported is not None:
            # The worker would only be woken up for it, perhaps on the processor that this leaf needs.
            frame = _ready(*imported) + frame
        imported = known = None
        _send(channel, frame)

    send(handle(message, send))
    flush()  # what ends in the middle of a line; nobody waits for it


def _ready(started, ended):
    return _said_ready(ended - started, _now() - ended)
