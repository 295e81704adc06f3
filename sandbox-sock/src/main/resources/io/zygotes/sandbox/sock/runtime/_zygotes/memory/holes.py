"""So that new objects lie side by side: what children write to had better lie on few pages."""

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

_libc = ctypes.PyDLL(None, use_errno=True)
_malloc = _libc.malloc
_malloc.restype = ctypes.c_void_p
_malloc.argtypes = [ctypes.c_size_t]
_free = _libc.free
_free.restype = None
_free.argtypes = [ctypes.c_void_p]

_kept = []


def fill_holes():
    """Takes what is free between objects, for good, so that what is made from now on lies side by side.

    The holes are in pages that are full of other objects: putting something into one later, in a child, means to copy
    the page. A new page costs no more, and there is room for much more on it.
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
