"""The first thing a fresh interpreter runs in a sandbox: the last steps of its set-up, then its work."""

import sys

_AT_START = set(sys.modules)

# What our own modules import comes first, and they come last: what they are made of, and little else, is to lie on as
# few pages as can be, which is what filling the holes in between is for.
import array
import ctypes
import fcntl
import functools
import importlib.util
import json
import marshal
import os
import resource
import select
import signal
import socket
import struct
import time
import traceback

from .. import tuning
from ..memory import holes

if tuning.FILLED_HOLES:
    holes.fill_holes()

# What every leaf runs comes first: loaded before the rest it lies on fewer pages, which is 5 faults less for each call.
from ..work import hooks, job, leaf

# isort: split
from .. import wire
from ..linux.calls import do
from ..linux.endings import let_signals_end_this_process
from ..linux.privileges import set_dumpable
from ..memory import arrangement
from ..protocol import CHANNEL, KEY_KIND, KEY_SECCOMP, KIND_JOB, KIND_LEAF, KIND_ZYGOTE, PATH_RUNTIME
from ..setup import interpreter
from ..setup.last import base_filter, final_filter
from . import handover, zygote

_WORK = {KIND_LEAF: leaf.main, KIND_ZYGOTE: zygote.main}


def main():
    """Never returns but in a job."""
    request, instructions = handover.take()
    sys.path.remove(PATH_RUNTIME)
    interpreter.remember_start(_AT_START)
    interpreter.remember_runtime()
    sys.dont_write_bytecode = True
    sys.stdout.reconfigure(line_buffering=True)
    kind = request[KEY_KIND]
    if kind == KIND_ZYGOTE:
        arrangement.before_imports()
    if request[KEY_SECCOMP]:
        do(base_filter())
        if kind != KIND_ZYGOTE:
            do(final_filter())
    do(set_dumpable(kind != KIND_ZYGOTE))
    if kind == KIND_LEAF:
        let_signals_end_this_process()
    if kind == KIND_JOB:
        job.main(instructions)  # ends as a program does, with its exit code and its traceback
    else:
        hooks.provide()
        _run(_WORK[kind], instructions)


def _run(work, instructions):
    """Runs a sandbox's work. A fork returns to here in the child, with the child's work: stacks do not grow by it."""
    while True:
        try:
            following = work(instructions)
        except Exception as error:
            wire.send_failure(CHANNEL, "work", error)
            os._exit(1)
        if following is None:
            return
        work, instructions = following
