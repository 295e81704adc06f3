"""Libraries in C that a process has loaded, as their files say: elf(5)."""

import mmap
import os
import struct

_HEADER = struct.Struct("<16sHHIQQQIHHH")  # Elf64_Ehdr up to e_phnum
_PROGRAM = struct.Struct("<IIQQQQQQ")  # Elf64_Phdr
_ENTRY = struct.Struct("<qQ")  # Elf64_Dyn
_ELF64_LITTLE = b"\x7fELF\x02\x01"
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_STRTAB, _DT_STRSZ = 0, 5, 10


def loaded():
    """Paths of those that are mapped into this process."""
    with open("/proc/self/maps") as file:
        paths = {line.split(None, 5)[5].rstrip("\n") for line in file if line.count("/") > 1}
    return {path for path in paths if ".so" in os.path.basename(path)}


def names(path, symbol):
    """Whether a library has a symbol (bytes), its own or one that it takes from others, in its dynamic string table.

    Looks at that table alone: there are libraries of 400 MB.
    """
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
            return _names(content, symbol)
    except (OSError, ValueError, struct.error):
        return False  # gone, empty or no library


def _names(content, symbol):
    if content[:6] != _ELF64_LITTLE:
        return False
    header = _HEADER.unpack_from(content)
    first, size, count = header[5], header[9], header[10]
    programs = [_PROGRAM.unpack_from(content, first + i * size) for i in range(count)]
    for kind, _, offset, _, _, length, _, _ in programs:
        if kind == _PT_DYNAMIC:
            entries = {}
            for at in range(offset, offset + length, _ENTRY.size):
                tag, value = _ENTRY.unpack_from(content, at)
                if tag == _DT_NULL:
                    break
                entries[tag] = value
            start = _in_file(entries.get(_DT_STRTAB, 0), programs)
            return content.find(b"\0" + symbol + b"\0", start, start + entries.get(_DT_STRSZ, 0)) >= 0
    return False


def _in_file(address, programs):
    """Where in the file is what is loaded to this address."""
    for kind, _, offset, start, _, length, _, _ in programs:
        if kind == _PT_LOAD and start <= address < start + length:
            return address - start + offset
    return 0
