"""A function that is forked after its import: what its zygote runs before, and what its leaves go on with.

Nothing here runs in other zygotes, nor in leaves of others.
"""

import json
import os
import time

from .. import wire
from ..protocol import (
    CHANNEL,
    FRAME_FAILED,
    FRAME_STEP,
    KEY_ERROR,
    KEY_EVENT,
    KEY_STEP,
    KEY_TRACEBACK,
    STATUS_OK,
    STEP_EVENT,
    STEP_IMPORT,
    STEP_SNAPSHOT,
)
from . import hooks, inheritance
from .answers import flush, said, user_traceback
from .code import import_entry, reseed
from .leaf import refuse, serve_calls, tell_ready

_now = time.perf_counter_ns
# Of a zygote of a function, and so of its leaves: what its calls run, and how many threads libraries compute with.
_entry = None
_processors = 1


def prepare(told, processors):
    """In the zygote: imports f.py, calls it once if there is an event for that, and runs what is registered for before.

    told is what the worker says of the function. A failure is told to the worker, and ends the process.
    """
    global _entry, _processors
    _processors = processors
    process = os.getpid()
    _begin(STEP_IMPORT)
    try:
        _entry = import_entry()
    except BaseException as error:
        _fail(STEP_IMPORT, said(error), user_traceback(error))
    hooks.end_if_forked(process)
    if KEY_EVENT in told:
        _begin(STEP_EVENT)
        status, reply = _entry.prime(told[KEY_EVENT].encode())
        hooks.end_if_forked(process)
        if status != STATUS_OK:
            report = json.loads(reply)
            _fail(STEP_EVENT, report[KEY_ERROR], report.get(KEY_TRACEBACK, ""))
    _begin(STEP_SNAPSHOT)
    try:
        hooks.run_before_snapshot()
    except BaseException as error:
        _fail(STEP_SNAPSHOT, said(error), user_traceback(error))
    flush()  # what was printed and waits in a buffer would be printed by each leaf


def _begin(step):
    wire.send_frame(CHANNEL, FRAME_STEP, step.encode())


def _fail(step, error, trace):
    flush()
    report = {KEY_STEP: step, KEY_ERROR: error, KEY_TRACEBACK: trace}
    wire.send_frame(CHANNEL, FRAME_FAILED, json.dumps(report).encode())
    os._exit(1)


def main(instructions):
    """In a leaf: serves calls of the function that was imported before. Never returns."""
    reseed()
    inheritance.restore()
    if _processors > 1:
        inheritance.compute_with(_processors)
    started = _now()
    if not hooks.wait_for_restore():
        serve_calls(_entry.handle, (started, started))
    try:
        hooks.run_after_restore()
    except BaseException as error:
        tell_ready(started, _now())
        refuse("what runs after the restore", error)
    tell_ready(started, _now())
    serve_calls(_entry.handle, None)
