"""A job: runs one program of the worker's own, and ends."""

import os
import sys
import types

from ..protocol import KEY_ARGUMENTS, KEY_ENVIRONMENT, KEY_NAME, KEY_SCRIPT, PATH_TMP
from ..setup import interpreter


def main(instructions):
    """Runs the program as __main__."""
    interpreter.set_environment(instructions[KEY_ENVIRONMENT])
    sys.argv = ["job"] + instructions[KEY_ARGUMENTS]
    os.chdir(PATH_TMP)
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(instructions[KEY_SCRIPT], "<%s>" % instructions[KEY_NAME], "exec"), module.__dict__)
