"""Tries what packages have run at forks, os.register_at_fork: it runs in the zygote and in each child.

A handler that waits for a lock which is held would hang the zygote at its first fork, or each of its children. Locks of
Python's own that no handler waits for are carried over as they are: who holds them is the main thread, which a child
has, too, or another one, and then the package is unfit for its threads.
"""

import os
import signal
import sys

from ..linux.clone import fork

# Until a handler counts as one that waits for ever, and until the next one does.
_SECONDS, _SECONDS_MORE = 2.0, 0.5


class ForkTrial:
    """Forks once for whoever registered something."""

    def __enter__(self):
        self._original = os.register_at_fork
        self._is_due = False

        def register_at_fork(*arguments, **handlers):
            self._is_due = True
            return self._original(*arguments, **handlers)

        os.register_at_fork = register_at_fork
        return self

    def __exit__(self, kind, error, trace):
        os.register_at_fork = self._original

    def reason(self):
        """What is wrong with forks now, or None. There must be one thread, and no timer."""
        if not self._is_due or signal.getsignal(signal.SIGALRM) is None:  # set by C, which cannot be set back
            return None
        self._is_due = False
        failed = []
        hook = sys.unraisablehook

        def note(unraisable):
            if not issubclass(unraisable.exc_type, _Late):
                hook(unraisable)
            failed.append(unraisable.exc_type)

        sys.unraisablehook = note
        handler = signal.signal(signal.SIGALRM, _raise_late)
        signal.setitimer(signal.ITIMER_REAL, _SECONDS, _SECONDS_MORE)
        try:
            child_failed = _fork(failed)
        except _Late:
            failed.append(_Late)
            child_failed = False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            sys.unraisablehook = hook
        if _Late in failed:
            return "what it registers for forks (os.register_at_fork) waits for ever"
        return "what it registers for forks (os.register_at_fork) fails" if failed or child_failed else None


class _Late(Exception):
    pass


def _raise_late(number, frame):
    raise _Late


def _fork(failed):
    """Whether a handler failed in a child."""
    child = fork()
    if child == 0:
        os._exit(1 if failed else 0)
    try:
        return os.waitpid(child, 0)[1] != 0
    except ChildProcessError:
        return False  # a package's handler for SIGCHLD waited for it, or ignores all ends (sigaction(2))
    except _Late:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
