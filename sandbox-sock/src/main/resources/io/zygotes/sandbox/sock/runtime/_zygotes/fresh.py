"""The first thing a fresh interpreter runs in a sandbox: the last steps of its set-up, then its work."""

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
import sys
import time
import traceback

from . import memory

memory.fill_holes()

from . import job, kernel, leaf, mappings, seccomp, setup, wire, zygote
from .kernel import do

_WORK = {"leaf": leaf.main, "zygote": zygote.main}


def main():
    # Everything but the standard streams and the channel is gone after this, as in a forked sandbox.
    with open(wire.INHERITED, "rb") as file:
        request, go = json.load(file)
    sys.path.remove("/runtime")
    sys.dont_write_bytecode = True
    sys.stdout.reconfigure(line_buffering=True)
    if request["kind"] == "zygote":
        mappings.join_programs()
        mappings.move_programs()
    if request["seccomp"]:
        do(kernel.install_filter(seccomp.base_program(kernel.ARCHITECTURE)))
        if request["kind"] != "zygote":
            do(setup.final_filter())
    do(kernel.set_dumpable(request["kind"] != "zygote"))
    os.set_inheritable(wire.CHANNEL, False)
    if request["kind"] == "job":
        job.main(go)  # ends as a program does, with its exit code and its traceback
    else:
        setup.run(_WORK[request["kind"]], go)
