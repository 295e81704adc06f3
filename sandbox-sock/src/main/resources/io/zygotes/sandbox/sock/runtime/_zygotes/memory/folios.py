"""Moves memory into the largest folios that there are.

A fork copies an entry of the zygote's page tables for each page of memory, and the child's end takes as much again.
Pages of one folio, which is what the kernel calls memory that it handles as one, are gone through together where they
lie side by side (since Linux 6.9), and a folio that is mapped as a whole takes one entry.
"""

import ctypes
import os

from .address_space import (
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    PAGE,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
    libc,
    madvise,
    mappings,
    munmap,
    new_memory,
    programs,
    resident,
)
from .contexts import call_in_a_row, can_call_in_a_row

_FOLIO = 2 << 20  # what an entry of the second level maps, with pages of 4 KiB
_FEWEST = 16 * PAGE  # less is not worth a move
_FULL_ENOUGH = 0.8  # of what becomes a folio: the rest is memory that nobody asked for
_MOST_AT_ONCE = 16 << 20  # it is there twice while it is moved
_MADV_COLLAPSE = 25  # since Linux 6.1
# Libraries that most children run nothing of: with LD_BIND_NOW the loader's work is done (ld.so(8)).
_IDLE = ("ld-linux", "libm.so")
# VmFlags of proc(5) that mappings of ordinary memory have. Any other one says that somebody meant something by it.
_ORDINARY = frozenset(("rd", "wr", "mr", "mw", "me", "ac", "nr", "sd", "hg"))


def move_programs():
    """Moves the interpreter and the libraries that are there now from their files into folios of this process's own.

    A fork copies no entries for pages of files, so each child faults what it runs in again, 16 pages at a time. It
    costs the memory of the text once, for a zygote and all that are forked from it.
    """
    used = [parts for parts in programs() if not os.path.basename(parts[0].name).startswith(_IDLE)]
    _move([(parts[0].start, parts[-1].end) for parts in used], PROT_READ | PROT_EXEC)


def move_data():
    """Moves what this process does not share with the one that it was forked from. It must have no other thread."""
    if not os.path.exists("/proc/self/smaps"):
        return  # a kernel may be built without it
    batch, size = [], 0
    for found in mappings("smaps"):
        if not (found.is_data() and _ORDINARY.issuperset(found.flags) and found.own * 2 > found.resident):
            continue
        pages = resident(found.start, found.end)
        start, end = found.start + pages.find(1) * PAGE, found.start + (pages.rfind(1) + 1) * PAGE
        if end - start > _MOST_AT_ONCE:
            _collapse(start, end)
        elif end - start >= _FEWEST and pages.count(1) * PAGE >= _FULL_ENOUGH * (end - start):
            if size + end - start > _MOST_AT_ONCE:
                _move(batch, PROT_READ | PROT_WRITE)
                batch, size = [], 0
            batch.append((start, end))
            size += end - start
    _move(batch, PROT_READ | PROT_WRITE)


def _collapse(start, end):
    """Makes folios of what is as large as one, where it is."""
    for block in range(-(-start // _FOLIO) * _FOLIO, end - _FOLIO + 1, _FOLIO):
        if resident(block, block + _FOLIO).count(1) * PAGE >= _FULL_ENOUGH * _FOLIO:
            madvise(block, _FOLIO, _MADV_COLLAPSE)


def _move(ranges, protection):
    """Moves the content of ranges of addresses into folios, which take their place. What would fill none well stays."""
    places, size = _places(ranges)
    if size == 0 or not can_call_in_a_row():
        return
    room = new_memory(size + _FOLIO)
    if room is None:
        return
    base = -(-room // _FOLIO) * _FOLIO
    for folio in range(base, base + size, _FOLIO):
        ctypes.memset(folio, 0, 1)  # what has no page at all is not made a folio of
    if madvise(base, size, _MADV_COLLAPSE) == 0:
        calls = [(libc.memcpy, base + place, start, end - start) for start, end, place in places]
        calls.append((libc.mprotect, base, size, protection))
        flags = MREMAP_MAYMOVE | MREMAP_FIXED
        calls += [(libc.mremap, base + place, end - start, end - start, flags, start) for start, end, place in places]
        # What stays behind goes at once: where something was moved away from, anything may be mapped by the next line.
        moved = sorted((base + place, base + place + end - start) for start, end, place in places)
        ends = [room] + [end for _, end in moved]
        starts = [start for start, _ in moved] + [room + size + _FOLIO]
        calls += [(libc.munmap, end, start - end) for end, start in zip(ends, starts) if start > end]
        call_in_a_row(calls)
    else:
        munmap(room, size + _FOLIO)


def _places(ranges):
    """Where in as few folios as can be each range goes, largest first, and how many bytes of folios that takes.

    A range with room for a whole folio gets a place with which that folio can be mapped as a whole.
    """
    places, gaps, end = [], [], 0
    for start, stop in sorted(ranges, key=lambda found: found[0] - found[1]):
        size = stop - start
        if stop // _FOLIO > -(-start // _FOLIO):
            place = end + (start - end) % _FOLIO
            gaps.append((end, place))
            end = place + size
        else:
            place = next((low for low, high in gaps if high - low >= size), end)
            if place == end:
                end += size
            gaps = [(low + size if low == place else low, high) for low, high in gaps]
        places.append((start, stop, place))
    # The last folio stays away if less than half of it would be used.
    size = (end + _FOLIO // 2) // _FOLIO * _FOLIO
    return [(start, min(stop, start + size - place), place) for start, stop, place in places if place < size], size
