"""Mappings: each costs a zygote something at every fork, and the child as much again when it ends."""

import ctypes

from .address_space import (
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
    failed,
    mappings,
    mprotect,
    mremap,
    new_memory,
    programs,
)

_PART = 64 << 10  # of shared memory, copied at once


def make_private():
    """Turns memory that this process would share with its children into memory that they get copies of.

    What a package mapped that way while it was imported would be written and read by all leaves of a zygote. Returns
    the arguments of share_anew for each.
    """
    regions = []
    for found in mappings():
        if found.permissions[1:4:2] != "ws":
            continue
        start, size = found.start, found.end - found.start
        protection = sum(
            bit for letter, bit in zip("rwx", (PROT_READ, PROT_WRITE, PROT_EXEC)) if letter in found.permissions
        )
        _replace(start, size, protection, new_memory(size))
        regions.append((start, size, protection))
    return regions


def share_anew(start, size, protection):
    """In a child: makes memory, which make_private has turned into the child's own, shared with its own children."""
    _replace(start, size, protection, new_memory(size, True))


def _replace(start, size, protection, room):
    """Puts new memory in the place of other memory, with the same content."""
    if room is None:
        raise failed("mmap in place of shared memory")
    for at in range(0, size, _PART):
        part = ctypes.string_at(start + at, min(_PART, size - at))
        if part.count(0) < len(part):  # what was never written to takes no memory
            ctypes.memmove(room + at, part, len(part))
    if mprotect(room, size, protection) or mremap(room, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, start) != start:
        raise failed("mremap over shared memory")


def join_programs():
    """Makes one mapping of those of each program: constants become executable, as in programs linked before 2018."""
    for parts in programs():
        for part in parts:
            if part.permissions == "r--p":
                mprotect(part.start, part.end - part.start, PROT_READ | PROT_EXEC)
