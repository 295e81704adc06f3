"""Functions to be run around the snapshot of a function: before it is forked, and in each fork.

Stands in for the package snapshot-restore-py where a function does not pin that, with the same names, so that code that
was written for it runs.
"""

__all__ = ["register_before_snapshot", "register_after_restore"]

_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    """Has func(*args, **kwargs) run before the first fork, what was registered last first. Returns func."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """Has func(*args, **kwargs) run in each fork before its first call, in the order of registration. Returns func."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    """What is to be run before: a list of (func, args, kwargs), of which whoever runs one takes it out."""
    return _before_snapshot


def get_after_restore():
    """What is to be run after: a list as that of get_before_snapshot."""
    return _after_restore
