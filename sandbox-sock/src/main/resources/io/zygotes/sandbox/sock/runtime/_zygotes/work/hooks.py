"""What a function registered to be run around its snapshot, by the module that is named here.

That is a package which the function pins, or what stands in for it (provided/). Either keeps two lists of functions
with their arguments.
"""

import importlib.util
import os
import sys

from ..protocol import PATH_RUNTIME

MODULE = "snapshot_restore_py"
_FILE = "%s/%s/provided/%s.py" % (PATH_RUNTIME, __package__.partition(".")[0], MODULE)


class _Provider:
    """A finder that has the module. It is asked after all others: a package or a file of the function's wins."""

    def find_spec(self, name, path=None, target=None):
        if name == MODULE and path is None:
            return importlib.util.spec_from_file_location(name, _FILE)
        return None


def provide():
    """Makes the module importable for those who have none of their own."""
    sys.meta_path.append(_Provider())


def run_before_snapshot():
    """Runs what was registered for before the snapshot, the last one first."""
    _run("get_before_snapshot", -1)


def run_after_restore():
    """Runs what was registered for after the restore, the first one first."""
    _run("get_after_restore", 0)


def wait_for_restore():
    """Whether something is to be run after the restore."""
    return bool(_registered("get_after_restore"))


def _run(getter, position):
    process = os.getpid()
    registered = _registered(getter)
    while registered:
        function, arguments, named = registered.pop(position)
        function(*arguments, **named)
    end_if_forked(process)


def end_if_forked(process):
    """Ends a child that code of the function forked and that came back from there: this is its parent's way."""
    if os.getpid() != process:
        os._exit(0)


def _registered(getter):
    get = getattr(sys.modules.get(MODULE), getter, None)
    return [] if get is None else get()
