"""The first thing a fresh interpreter runs in a sandbox: the last steps of its set-up, then its work."""

import json
import os
import sys

from . import job, kernel, leaf, seccomp, setup, wire, zygote

# What the warden's child left for us: its request, and what the worker told it after that.
INHERITED = 4

_WORK = {"leaf": leaf.main, "zygote": zygote.main}


def main():
    # Everything but the standard streams and the channel is gone after this, as in a forked sandbox.
    with open(INHERITED, "rb") as file:
        request, go = json.load(file)
    sys.path.remove("/runtime")
    sys.dont_write_bytecode = True
    sys.stdout.reconfigure(line_buffering=True)
    if request["seccomp"]:
        kernel.install_filter(kernel.Filter(seccomp.base_program(kernel.ARCHITECTURE)))
        if request["kind"] != "zygote":
            kernel.install_filter(setup.FINAL_FILTER)
    kernel.set_dumpable(request["kind"] != "zygote")
    os.set_inheritable(wire.CHANNEL, False)
    if request["kind"] == "job":
        job.main(go)  # ends as a program does, with its exit code and its traceback
    else:
        setup.run(_WORK[request["kind"]], go)
