"""The system calls of a child after its orders."""

import functools
import resource

from .. import tuning
from ..linux import clone, files, namespaces, privileges
from ..linux.calls import Calls
from ..linux.numbers import ARCHITECTURE
from ..protocol import KEY_FILE_BYTES, KEY_OPEN_FILES, KIND_LEAF, KIND_ZYGOTE, PATH_HANDLER
from . import seccomp
from .first import UNUSED

# Limits are those of lambdas: most have the same.
_MOST_KNOWN = 32


def base_filter():
    """Installs the filter that a sandbox has before any code of others runs in it, and hands on to its children."""
    return privileges.install_filter(seccomp.base_program(ARCHITECTURE))


def final_filter():
    """Takes away what only the set-up of a child needs."""
    return privileges.install_filter(seccomp.final_program(ARCHITECTURE))


class Last:
    """What comes after the orders. The same for all sandboxes of a kind, but for the limits."""

    def __init__(self, kind, scope, final, limits):
        """final is whether a leaf installs the last filter here; a fresh one does so when it runs Python anew.

        limits are open files and bytes of a file, if they are known ahead.
        """
        self._open_files = privileges.Limit(resource.RLIMIT_NOFILE)
        self._file_bytes = privileges.Limit(resource.RLIMIT_FSIZE)
        if limits:
            self._set_limits(*limits)
        self.calls = calls = Calls()
        if kind != KIND_ZYGOTE:
            # A zygote forks into cgroups beside its own, which have to be below the root of its cgroup namespace
            # where cgroup2 is mounted with nsdelegate (cgroups(7)): it keeps the worker's.
            calls.add("cgroup space", namespaces.unshare(clone.CLONE_NEWCGROUP))
            # Not of a zygote: its leaves may be allowed more than it needs, and none can raise a limit.
            calls.add("limits", self._open_files.call)
        if kind == KIND_LEAF:
            calls.add("limits", self._file_bytes.call)
            calls.add("work folder", files.change_folder(PATH_HANDLER))
        calls.add("capabilities", privileges.set_no_new_privileges(), *privileges.drop_capabilities())
        if scope:
            calls.add("scope", *privileges.keep_to_itself(UNUSED))
        if kind == KIND_LEAF and final:
            calls.add("filter", final_filter())
        calls.pack()

    def _set_limits(self, open_files, file_bytes):
        self._open_files.set(open_files)
        self._file_bytes.set(file_bytes)

    def run(self, told):
        """Makes the calls, with the limits that came with the go, if any did."""
        if KEY_OPEN_FILES in told:
            self._set_limits(told[KEY_OPEN_FILES], told.get(KEY_FILE_BYTES, 0))  # only leaves get the latter
        self.calls.run()
        if self.calls.broken_at is not None:
            self.calls.check()


last_of = functools.lru_cache(maxsize=_MOST_KNOWN)(Last) if tuning.KNOWN_REQUESTS else Last
