"""What this process has mapped, and the C functions to change it."""

import ctypes
import os

PAGE = os.sysconf("SC_PAGESIZE")
PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
MREMAP_MAYMOVE, MREMAP_FIXED = 1, 2
_MAP_SHARED, _MAP_PRIVATE, _MAP_ANONYMOUS = 0x01, 0x02, 0x20
_FAILED = ctypes.c_void_p(-1).value

libc = ctypes.PyDLL(None, use_errno=True)


def function(name, result, *arguments):
    """A function of the C library; None if it has none of that name."""
    found = getattr(libc, name, None)
    if found is not None:
        found.restype, found.argtypes = result, arguments
    return found


size_type, address_type = ctypes.c_size_t, ctypes.c_void_p
mmap = function("mmap", address_type, address_type, size_type, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
munmap = function("munmap", ctypes.c_int, address_type, size_type)
mprotect = function("mprotect", ctypes.c_int, address_type, size_type, ctypes.c_int)
mremap = function("mremap", address_type, address_type, size_type, size_type, ctypes.c_int, address_type)
madvise = function("madvise", ctypes.c_int, address_type, size_type, ctypes.c_int)
_mincore = function("mincore", ctypes.c_int, address_type, size_type, ctypes.c_char_p)


def failed(what):
    """The exception for a C function that failed just now."""
    number = ctypes.get_errno()
    return OSError(number, "%s: %s" % (what, os.strerror(number)))


def new_memory(size, is_shared=False):
    """The address of that many bytes of zeros, for this process alone or with its children; None if there are not so
    many."""
    kind = _MAP_SHARED if is_shared else _MAP_PRIVATE
    address = mmap(None, size, PROT_READ | PROT_WRITE, kind | _MAP_ANONYMOUS, -1, 0)
    return None if address == _FAILED else address


def executable(code):
    """The address of machine code in memory of its own; None if memory cannot be had, or not be executed."""
    room = new_memory(PAGE)
    if room is None:
        return None
    ctypes.memmove(room, code, len(code))
    return room if mprotect(room, PAGE, PROT_READ | PROT_EXEC) == 0 else None


class Mapping:
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


def mappings(kind="maps"):
    """kind is the file in /proc/self to read: "smaps" takes longer and also says what is resident, own, and meant."""
    found = []
    with open("/proc/self/" + kind) as file:
        for line in file:
            key, *values = line.split(None, 1) if line[0].isupper() else line.split(None, 5)
            if not key.endswith(":"):
                found.append(Mapping(key, *values))
            elif key == "Rss:":
                found[-1].resident = int(values[0].split()[0])
            elif key.startswith("Private_") and "Hugetlb" not in key:
                found[-1].own += int(values[0].split()[0])
            elif key == "VmFlags:":
                found[-1].flags = values[0].split()
    return found


def programs():
    """For each program or library: its read-only mappings that lie side by side, program text among them."""
    run = []
    for found in mappings() + [None]:
        if run and (found is None or not found.continues(run[-1])):
            if any(part.permissions == "r-xp" for part in run):
                yield run
            run = []
        if found is not None and found.inode != "0" and found.permissions in ("r--p", "r-xp"):
            run.append(found)


def resident(start, end):
    """A byte for each page: whether it is in memory."""
    count = (end - start) // PAGE
    residency = ctypes.create_string_buffer(count)
    if _mincore(start, end - start, residency) != 0:
        raise failed("mincore")
    return residency.raw[:count]  # of each byte only the lowest bit is defined, and the others are 0 (mincore(2))


def private_bytes():
    """Memory that is this process's own, about: resident less file-backed and shared pages (proc(5), statm)."""
    with open("/proc/self/statm") as file:
        fields = file.read().split()
    return (int(fields[1]) - int(fields[2])) * PAGE
