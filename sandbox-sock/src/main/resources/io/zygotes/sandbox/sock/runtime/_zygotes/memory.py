"""A zygote's memory, which its children are given: what of it they share, and where things lie in it.

A child copies each page that it writes to, so what it writes to had better lie together.
"""

import ctypes
import gc
import os
import sys

# pymalloc (Objects/obmalloc.c): blocks are multiples of so many bytes, up to so many; they come from pools, which start
# at a multiple of their size, with a header.
_STEP, _LARGEST_BLOCK = 16, 512
_POOL, _POOL_HEADER = 1 << (14 if sys.version_info >= (3, 10) else 12), 48
# Numbers as large as an address take such blocks, a few at a time, and give them back.
_PASSING_BLOCK, _PASSING = 32, 16
_PAGE = os.sysconf("SC_PAGESIZE")
# The C library keeps lists of freed chunks, so many of each size up to this one: tcache, mallopt(3).
_LARGEST_CHUNK, _LISTED, _CHUNK_HEADER = 1040, 7, 8
# Holes of one size add up to far less, unless memory comes from another allocator than is meant here.
_MOST_BYTES = 4 << 20

_HUGE = 2 << 20  # what an entry of the second level maps, with pages of 4 KiB
_FULL_ENOUGH = 0.85  # of a block; the rest becomes memory that nobody asked for
_MAP_PRIVATE, _MAP_FIXED, _MAP_ANONYMOUS = 0x02, 0x10, 0x20
_PROT_READ, _PROT_WRITE, _PROT_EXEC = 1, 2, 4
_MREMAP_MAYMOVE, _MREMAP_FIXED = 1, 2
_MAP_FAILED = ctypes.c_void_p(-1).value
_MADV_COLLAPSE = 25

_libc = ctypes.PyDLL(None, use_errno=True)
_malloc = _libc.malloc
_malloc.restype = ctypes.c_void_p
_malloc.argtypes = [ctypes.c_size_t]
_free = _libc.free
_free.restype = None
_free.argtypes = [ctypes.c_void_p]

_mmap = _libc.mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_mremap = _libc.mremap
_mremap.restype = ctypes.c_void_p
_mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p]
_munmap = _libc.munmap
_munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_mprotect = _libc.mprotect
_mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_madvise = _libc.madvise
_madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_mincore = _libc.mincore
_mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
_residency = ctypes.create_string_buffer(_HUGE // _PAGE)

_kept = []


def fill_holes():
    """Takes what is free between objects, for good, so that what is made from now on lies side by side.

    The holes are in pages that are full of other objects: putting something into one later, in a child, means to copy the
    page. A new page costs no more, and there is room for much more on it.
    """
    gc.collect()  # also empties the interpreter's own lists of freed objects
    blocks, chunks = [], []
    if all(_fill_pools(size, blocks) for size in range(_STEP, _LARGEST_BLOCK + 1, _STEP)):
        _kept.append(blocks)
    if not all(_fill_heap(size, chunks) for size in range(_STEP * 2, _LARGEST_CHUNK + 1, _STEP)):
        for chunk in chunks:
            _free(chunk)


def _fill_pools(size, blocks):
    """Takes blocks until an empty pool is reached; false if there seem to be no pools."""
    passing = _PASSING if size == _PASSING_BLOCK else 0
    # So many side by side, in whatever order, are a page without holes, or all that a pool has.
    enough = min(_PAGE, _POOL - _POOL_HEADER) // size - passing
    pool = row = low = high = 0  # of the last block
    for _ in range(_MOST_BYTES // size):
        block = _block(size)
        blocks.append(block)
        where = id(block)
        if where // _POOL != pool:
            pool, row, low, high = where // _POOL, 0, where, where
        row += 1
        low, high = min(low, where), max(high, where)
        if row >= enough and high - low < (row + passing) * size:
            del blocks[-row:]  # they are empty again
            return True
    return False


def _block(size):
    """An object that takes a block of this size, and is not tracked by the collector."""
    if size == 16:
        return object()
    if size == 32:
        return int("1000000000")
    return bytes(size - bytes().__sizeof__())


def _fill_heap(size, chunks):
    """Takes chunks until some lie side by side, which are freed for the next to take; false if there are none."""
    row = []
    for _ in range(_MOST_BYTES // size):
        chunk = _malloc(size - _CHUNK_HEADER)
        if row and chunk != row[-1] + size:
            chunks += row
            row.clear()
        row.append(chunk)
        if len(row) == _LISTED:
            break
    for chunk in reversed(row):
        _free(chunk)
    return len(row) == _LISTED


def private_bytes():
    """Memory that is this process's own, about: resident less file-backed and shared pages (proc(5), statm)."""
    with open("/proc/self/statm") as file:
        fields = file.read().split()
    return (int(fields[1]) - int(fields[2])) * _PAGE


def _failed(what):
    number = ctypes.get_errno()
    return OSError(number, "%s: %s" % (what, os.strerror(number)))


def make_private():
    """Turns memory that this process would share with its children into memory that they get copies of.

    What a package mapped that way while it was imported would be written and read by all leaves of a zygote.
    """
    with open("/proc/self/maps") as file:
        maps = [line.split(None, 2) for line in file]
    for addresses, permissions, _ in maps:
        if permissions[1:4:2] != "ws":
            continue
        start, end = (int(address, 16) for address in addresses.split("-"))
        content = ctypes.string_at(start, end - start)
        protection = sum(bit for letter, bit in zip("rwx", (1, 2, 4)) if letter in permissions)
        mapped = _mmap(start, end - start, protection, _MAP_PRIVATE | _MAP_FIXED | _MAP_ANONYMOUS, -1, 0)
        if mapped != start:
            raise _failed("mmap over shared memory")
        ctypes.memmove(start, content, end - start)


def make_pages_huge():
    """Has the kernel put memory that is in use throughout into huge pages: a fork then copies fewer page-table entries.

    A generator: each step may take some milliseconds. Does nothing where the kernel cannot (MADV_COLLAPSE, Linux 6.1).
    """
    with open("/proc/self/maps") as file:
        maps = [line.split() for line in file]
    for fields in maps:
        # Anonymous and writable. The stack changes all the time.
        if fields[1] != "rw-p" or fields[4] != "0" or fields[-1] == "[stack]":
            continue
        start, end = (int(address, 16) for address in fields[0].split("-"))
        for block in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
            if _resident_pages(block) * _PAGE >= _FULL_ENOUGH * _HUGE:
                yield _madvise(block, _HUGE, _MADV_COLLAPSE)


def _resident_pages(start):
    """How many pages of a block of this size are in memory."""
    if _mincore(start, _HUGE, _residency) != 0:
        raise _failed("mincore")
    return sum(_residency.raw)  # of each byte only the lowest bit is defined, and the others are 0 (mincore(2))


def make_program_huge():
    """Moves the interpreter's program text into huge pages of this process's own.

    A fork copies no entries for pages of files, so each child faults what it runs in again, 16 pages at a time. A
    huge page is one entry, which a fork copies, and the processor needs fewer entries for it, too. It costs the
    memory of the text once, for a zygote and all that are forked from it. Does nothing where the kernel cannot
    (MADV_COLLAPSE, Linux 6.1).
    """
    start, end = _program()
    first = -(-start // _HUGE) * _HUGE
    size = end // _HUGE * _HUGE - first
    if size <= 0:
        return
    room = _mmap(None, size + _HUGE, _PROT_READ | _PROT_WRITE, _MAP_PRIVATE | _MAP_ANONYMOUS, -1, 0)
    if room == _MAP_FAILED:
        return
    copy = -(-room // _HUGE) * _HUGE
    ctypes.memmove(copy, first, size)
    if _madvise(copy, size, _MADV_COLLAPSE) == 0 and _mprotect(copy, size, _PROT_READ | _PROT_EXEC) == 0:
        # It takes the place of what it is a copy of in one step: this code is in there.
        _mremap(copy, size, size, _MREMAP_MAYMOVE | _MREMAP_FIXED, first)
    _munmap(room, size + _HUGE)  # whether or not a part of it was moved


def _program():
    """Where the read-only mappings of the interpreter's own file, executable or library, begin and end."""
    inside = ctypes.cast(ctypes.pythonapi.Py_GetVersion, ctypes.c_void_p).value
    with open("/proc/self/maps") as file:
        maps = [line.split(None, 5) for line in file]
    runs = []
    for addresses, permissions, _, _, inode, *_ in maps:
        start, end = (int(address, 16) for address in addresses.split("-"))
        if inode == "0" or permissions not in ("r--p", "r-xp"):
            continue
        if runs and runs[-1][0] == inode and runs[-1][2] == start:
            runs[-1][2] = end
        else:
            runs.append([inode, start, end])
    return next(((first, last) for _, first, last in runs if first <= inside < last), (0, 0))
