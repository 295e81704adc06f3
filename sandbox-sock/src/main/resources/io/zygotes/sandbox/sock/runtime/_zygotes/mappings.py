"""What a fork has to copy of a zygote: its mappings, and an entry of its page tables for each page of memory.

Both cost the zygote something at every fork, and the child as much again when it ends. Pages of one folio, which is
what the kernel calls memory that it handles as one, are gone through together where they lie side by side (since
Linux 6.9), and a folio that is mapped as a whole takes one entry. So a zygote moves its memory into the largest
folios that there are.
"""

import ctypes
import os
import signal

_PAGE = os.sysconf("SC_PAGESIZE")
_FOLIO = 2 << 20  # what an entry of the second level maps, with pages of 4 KiB
_FEWEST = 16 * _PAGE  # less is not worth a move
_FULL_ENOUGH = 0.8  # of what becomes a folio: the rest is memory that nobody asked for
_MOST_AT_ONCE = 16 << 20  # it is there twice while it is moved

_PART = 64 << 10  # of shared memory, copied at once

_MAP_PRIVATE, _MAP_ANONYMOUS = 0x02, 0x20
_PROT_READ, _PROT_WRITE, _PROT_EXEC = 1, 2, 4
_MREMAP_MAYMOVE, _MREMAP_FIXED = 1, 2
_FAILED = ctypes.c_void_p(-1).value
_MADV_COLLAPSE = 25  # since Linux 6.1
# Libraries that most children run nothing of: with LD_BIND_NOW the loader's work is done (ld.so(8)).
_IDLE = ("ld-linux", "libm.so")
# VmFlags of proc(5) that mappings of ordinary memory have. Any other one says that somebody meant something by it.
_ORDINARY = frozenset(("rd", "wr", "mr", "mw", "me", "ac", "nr", "sd", "hg"))

_libc = ctypes.PyDLL(None, use_errno=True)


def _function(name, result, *arguments):
    function = getattr(_libc, name, None)
    if function is not None:
        function.restype, function.argtypes = result, arguments
    return function


_size, _address = ctypes.c_size_t, ctypes.c_void_p
_mmap = _function("mmap", _address, _address, _size, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
_munmap = _function("munmap", ctypes.c_int, _address, _size)
_mprotect = _function("mprotect", ctypes.c_int, _address, _size, ctypes.c_int)
_mremap = _function("mremap", _address, _address, _size, _size, ctypes.c_int, _address)
_madvise = _function("madvise", ctypes.c_int, _address, _size, ctypes.c_int)
_mincore = _function("mincore", ctypes.c_int, _address, _size, ctypes.c_char_p)
# Not in every C library.
_getcontext = _function("getcontext", ctypes.c_int, _address)
_makecontext = _function("makecontext", None)
_swapcontext = _function("swapcontext", ctypes.c_int, _address, _address)


def _failed(what):
    number = ctypes.get_errno()
    return OSError(number, "%s: %s" % (what, os.strerror(number)))


class _Mapping:
    """A part of this process's address space, as /proc/self/smaps has it."""

    def __init__(self, addresses, permissions, offset, _, inode, name=""):
        self.start, self.end = (int(address, 16) for address in addresses.split("-"))
        self.permissions, self.offset, self.inode, self.name = permissions, int(offset, 16), inode, name.strip()
        self.resident = self.own = 0  # KiB
        self.flags = ()

    def continues(self, other):
        """Whether it is the next part of the same file."""
        return (
            self.inode == other.inode
            and self.start == other.end
            and self.offset - other.offset == self.start - other.start
        )

    def is_data(self):
        """Whether it is memory that this process alone writes to. Its stack changes all the time."""
        return self.permissions == "rw-p" and self.name != "[stack]"


def _mappings(kind="maps"):
    """kind is the file in /proc/self to read: "smaps" takes longer and also says what is resident, own, and meant."""
    found = []
    with open("/proc/self/" + kind) as file:
        for line in file:
            key, *values = line.split(None, 1) if line[0].isupper() else line.split(None, 5)
            if not key.endswith(":"):
                found.append(_Mapping(key, *values))
            elif key == "Rss:":
                found[-1].resident = int(values[0].split()[0])
            elif key.startswith("Private_") and "Hugetlb" not in key:
                found[-1].own += int(values[0].split()[0])
            elif key == "VmFlags:":
                found[-1].flags = values[0].split()
    return found


def make_private():
    """Turns memory that this process would share with its children into memory that they get copies of.

    What a package mapped that way while it was imported would be written and read by all leaves of a zygote.
    """
    for found in _mappings():
        if found.permissions[1:4:2] != "ws":
            continue
        start, size = found.start, found.end - found.start
        room = _mmap(None, size, _PROT_READ | _PROT_WRITE, _MAP_PRIVATE | _MAP_ANONYMOUS, -1, 0)
        if room == _FAILED:
            raise _failed("mmap in place of shared memory")
        for at in range(0, size, _PART):
            part = ctypes.string_at(start + at, min(_PART, size - at))
            if part.count(0) < len(part):  # what was never written to takes no memory
                ctypes.memmove(room + at, part, len(part))
        protection = sum(
            bit for letter, bit in zip("rwx", (_PROT_READ, _PROT_WRITE, _PROT_EXEC)) if letter in found.permissions
        )
        if (
            _mprotect(room, size, protection)
            or _mremap(room, size, size, _MREMAP_MAYMOVE | _MREMAP_FIXED, start) != start
        ):
            raise _failed("mremap over shared memory")


def _programs():
    """For each program or library: its read-only mappings that lie side by side, program text among them."""
    run = []
    for found in _mappings() + [None]:
        if run and (found is None or not found.continues(run[-1])):
            if any(part.permissions == "r-xp" for part in run):
                yield run
            run = []
        if found is not None and found.inode != "0" and found.permissions in ("r--p", "r-xp"):
            run.append(found)


def join_programs():
    """Makes one mapping of those of each program: constants become executable, as in programs linked before 2018."""
    for parts in _programs():
        for part in parts:
            if part.permissions == "r--p":
                _mprotect(part.start, part.end - part.start, _PROT_READ | _PROT_EXEC)


def move_programs():
    """Moves the interpreter and the libraries that are there now from their files into folios of this process's own.

    A fork copies no entries for pages of files, so each child faults what it runs in again, 16 pages at a time. It
    costs the memory of the text once, for a zygote and all that are forked from it.
    """
    used = [parts for parts in _programs() if not os.path.basename(parts[0].name).startswith(_IDLE)]
    _move([(parts[0].start, parts[-1].end) for parts in used], _PROT_READ | _PROT_EXEC)


def move_data():
    """Moves what this process does not share with the one that it was forked from. It must have no other thread."""
    if not os.path.exists("/proc/self/smaps"):
        return  # a kernel may be built without it
    batch, size = [], 0
    for found in _mappings("smaps"):
        if not (found.is_data() and _ORDINARY.issuperset(found.flags) and found.own * 2 > found.resident):
            continue
        pages = _pages(found.start, found.end)
        start, end = found.start + pages.find(1) * _PAGE, found.start + (pages.rfind(1) + 1) * _PAGE
        if end - start > _MOST_AT_ONCE:
            _collapse(start, end)
        elif end - start >= _FEWEST and pages.count(1) * _PAGE >= _FULL_ENOUGH * (end - start):
            if size + end - start > _MOST_AT_ONCE:
                _move(batch, _PROT_READ | _PROT_WRITE)
                batch, size = [], 0
            batch.append((start, end))
            size += end - start
    _move(batch, _PROT_READ | _PROT_WRITE)


def _pages(start, end):
    """A byte for each page: whether it is in memory."""
    count = (end - start) // _PAGE
    residency = ctypes.create_string_buffer(count)
    if _mincore(start, end - start, residency) != 0:
        raise _failed("mincore")
    return residency.raw[:count]  # of each byte only the lowest bit is defined, and the others are 0 (mincore(2))


def _collapse(start, end):
    """Makes folios of what is as large as one, where it is."""
    for block in range(-(-start // _FOLIO) * _FOLIO, end - _FOLIO + 1, _FOLIO):
        if _pages(block, block + _FOLIO).count(1) * _PAGE >= _FULL_ENOUGH * _FOLIO:
            _madvise(block, _FOLIO, _MADV_COLLAPSE)


def _move(ranges, protection):
    """Moves the content of ranges of addresses into folios, which take their place. What would fill none well stays."""
    places, size = _places(ranges)
    if size == 0 or _swapcontext is None:
        return
    room = _mmap(None, size + _FOLIO, _PROT_READ | _PROT_WRITE, _MAP_PRIVATE | _MAP_ANONYMOUS, -1, 0)
    if room == _FAILED:
        return
    base = -(-room // _FOLIO) * _FOLIO
    for folio in range(base, base + size, _FOLIO):
        ctypes.memset(folio, 0, 1)  # what has no page at all is not made a folio of
    if _madvise(base, size, _MADV_COLLAPSE) == 0:
        calls = [(_libc.memcpy, base + place, start, end - start) for start, end, place in places]
        calls.append((_libc.mprotect, base, size, protection))
        flags = _MREMAP_MAYMOVE | _MREMAP_FIXED
        calls += [(_libc.mremap, base + place, end - start, end - start, flags, start) for start, end, place in places]
        # What stays behind goes at once: where something was moved away from, anything may be mapped by the next line.
        moved = sorted((base + place, base + place + end - start) for start, end, place in places)
        ends = [room] + [end for _, end in moved]
        starts = [start for start, _ in moved] + [room + size + _FOLIO]
        calls += [(_libc.munmap, end, start - end) for end, start in zip(ends, starts) if start > end]
        _call_in_a_row(calls)
    else:
        _munmap(room, size + _FOLIO)


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


_CONTEXT, _STACK = 16 << 10, 48 << 10  # the largest ucontext_t that there is takes 4.5 KiB
# Of ucontext_t, on all architectures: flags, what follows when the function returns, and the stack: address, flags,
# size.
_LINK, _STACK_ADDRESS, _STACK_FLAGS, _STACK_SIZE = 1, 2, 3, 4


def _call_in_a_row(calls):
    """Calls C functions one after another, with nothing in between: what Python writes to may be what they move.

    Each gets a context of its own (makecontext(3)), which the one before it returns to.
    """
    each = _CONTEXT + _STACK
    size = (len(calls) + 1) * each
    room = _mmap(None, size, _PROT_READ | _PROT_WRITE, _MAP_PRIVATE | _MAP_ANONYMOUS, -1, 0)
    if room == _FAILED:
        return
    # Handlers of signals would write, too.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        for at, (function, *arguments) in zip(range(room, room + size, each), calls):
            _getcontext(at)
            fields = (ctypes.c_size_t * 5).from_address(at)
            fields[_LINK] = at + each
            fields[_STACK_ADDRESS], fields[_STACK_FLAGS], fields[_STACK_SIZE] = at + _CONTEXT, 0, _STACK
            _makecontext(_address(at), function, len(arguments), *map(_size, arguments))
        _swapcontext(room + len(calls) * each, room)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _munmap(room, size)
