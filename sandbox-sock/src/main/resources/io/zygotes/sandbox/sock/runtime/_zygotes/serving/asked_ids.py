"""Notices that a package keeps the user id that it had while it was imported: each leaf has another one (isolation)."""

import functools
import os
import sys

_NAMES = ("getuid", "geteuid", "getgid", "getegid")


class AskedIds:
    """Looks at who asks at the top of a module, and at what the module has then.

    Many ask in functions, or only whether they are root: that keeps nothing.
    """

    def __enter__(self):
        self._originals = {name: getattr(os, name) for name in _NAMES}
        self._found = []
        for name, original in self._originals.items():
            setattr(os, name, self._noticing(original))
        return self

    def __exit__(self, kind, error, trace):
        for name, original in self._originals.items():
            setattr(os, name, original)

    def _noticing(self, original):
        @functools.wraps(original)
        def ask():
            number = original()
            caller = sys._getframe(1)
            if caller.f_code.co_name == "<module>":
                self._found.append((caller.f_globals, number))
            return number

        return ask

    def reason(self):
        """That one of those who asked has it now, or None."""
        found, self._found = self._found, []
        for variables, number in found:
            if any(type(value) is int and value == number for value in variables.values()):
                return "it keeps the user id that it is imported with"
        return None
