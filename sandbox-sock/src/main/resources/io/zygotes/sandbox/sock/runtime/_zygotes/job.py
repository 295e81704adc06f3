"""A job: runs one program of the worker's own, and ends."""

import os
import sys
import types

from . import setup


def main(instructions):
    """Runs the program as __main__."""
    setup.set_environment(instructions["environment"])
    sys.argv = ["job"] + instructions["arguments"]
    os.chdir("/tmp")
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(instructions["script"], "<%s>" % instructions["name"], "exec"), module.__dict__)
