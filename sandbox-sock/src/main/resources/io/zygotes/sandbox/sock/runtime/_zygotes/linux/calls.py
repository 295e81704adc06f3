"""Makes system calls, one at once or many in a row.

Everything goes through ctypes.PyDLL, which keeps the interpreter lock: after clone() in the child no other thread
exists that could release it.
"""

import ctypes
import os
import struct

from .. import tuning
from ..memory import address_space
from .numbers import ARCHITECTURE, NUMBERS

libc = ctypes.PyDLL(None, use_errno=True)
# Bound to a name in each module that makes calls on the way of a request: to find a name in another module writes to
# that module's count of references, which lies on one more page that zygote and leaf have to copy.
syscall = libc.syscall
syscall.restype = ctypes.c_long
_last_error = ctypes.get_errno


# A call in a table: its number, and up to six arguments, as they lie in registers.
_WORDS, _WORD_BYTES = 8, 8
_CALL_BYTES = _WORDS * _WORD_BYTES
_ALL_BITS = (1 << 64) - 1
# Goes through a table of calls, from the first address to the second. Returns 0, or the address of the first call that
# fails, whose result, which is negative, is then at the second address. What the registers hold is that of syscall(2).
_CODE = {
    # endbr64; push rbx; push rbp; mov rbx, rdi; mov rbp, rsi
    # next: cmp rbx, rbp; je done
    # mov rax, [rbx]; mov rdi, [rbx+8]; mov rsi, [rbx+16]; mov rdx, [rbx+24]
    # mov r10, [rbx+32]; mov r8, [rbx+40]; mov r9, [rbx+48]; syscall
    # cmp rax, -4095; jae failed; add rbx, 64; jmp next
    # failed: mov [rbp], rax; mov rax, rbx; jmp out; done: xor eax, eax; out: pop rbp; pop rbx; ret
    "x86_64": bytes.fromhex(
        "f30f1efa 53 55 4889fb 4889f5"
        "4839eb 7434"
        "488b03 488b7b08 488b7310 488b5318"
        "4c8b5320 4c8b4328 4c8b4b30 0f05"
        "483d01f0ffff 7306 4883c340 ebd0"
        "48894500 4889d8 eb02 31c0 5d 5b c3"
    ),
    "aarch64": struct.pack(
        "<18I",
        *(0xAA0003E9, 0xAA0103EA),  # mov x9, x0; mov x10, x1
        *(0xEB0A013F, 0x540001A0),  # next: cmp x9, x10; b.eq done
        *(0xF9400128, 0xA9408520),  # ldr x8, [x9]; ldp x0, x1, [x9, #8]
        *(0xA9418D22, 0xA9429524),  # ldp x2, x3, [x9, #24]; ldp x4, x5, [x9, #40]
        *(0xD4000001, 0xB13FFC1F),  # svc #0; cmn x0, #4095
        *(0x54000062, 0x91010129),  # b.hs failed; add x9, x9, #64
        *(0x17FFFFF6, 0xF9000140),  # b next; failed: str x0, [x10]
        *(0xAA0903E0, 0xD65F03C0),  # mov x0, x9; ret
        *(0xD2800000, 0xD65F03C0),  # done: mov x0, #0; ret
    ),
}


def _runner():
    """The machine code as a function. None where there is none for the processor, or memory cannot be executed."""
    code = _CODE.get(ARCHITECTURE) if tuning.MACHINE_CODE else None
    address = address_space.executable(code) if code else None
    return address and ctypes.PYFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)(address)


_run = _runner()


def failed(what, number):
    """The exception for a call that failed with this errno."""
    return OSError(number, "%s: %s" % (what, os.strerror(number)))


def check(result, what):
    """Returns the result of a call that was just made; raises OSError if it failed."""
    if result < 0:
        raise failed(what, _last_error())
    return result


def describe(what, name, *arguments):
    """Describes a system call: what it does, for people, and what syscall(2) is to be given."""
    return what, (NUMBERS[name], *arguments)


def do(call):
    """Makes a system call now. Returns its result; raises OSError if it fails."""
    what, arguments = call
    return check(syscall(*arguments), what)


class Calls:
    """System calls that one process lays out and its child makes.

    A forked child copies each page that it writes to, a fault each, and Python writes into all that it looks at: it
    counts references. Going through this list looks at little but the list.
    """

    def __init__(self):
        self._calls = []
        self._labels = []
        self._muted = None
        self._table = None
        self._start = self._end = 0
        self._errno = 0
        self.broken_at = None  # which of them failed in the last run

    def pack(self):
        """Lays the calls out as machine code takes them: it needs no object of Python's, and a third of the time.

        That takes longer than to make them once. None may be added afterwards.
        """
        if _run is None:
            return
        table = self._table = (ctypes.c_uint64 * (len(self._calls) * _WORDS + 1))()  # the last one is for a result
        for row, arguments in enumerate(self._calls):
            for place, argument in enumerate(arguments, row * _WORDS):
                table[place] = _word(argument)
                if isinstance(argument, _Length):
                    argument.places.append((table, place))
        self._start = ctypes.addressof(table)
        self._end = self._start + len(self._calls) * _CALL_BYTES

    def add(self, step, *calls):
        """Adds calls. The step is what they are a part of, for the report of a failure."""
        for what, arguments in calls:
            self._calls.append(arguments)
            self._labels.append((step, what))

    def extend(self, other):
        """Adds those of another one."""
        self._calls += other._calls
        self._labels += other._labels

    def run(self):
        """Makes the calls, up to the first that fails. Raises nothing: see check."""
        self.broken_at = None
        if self._table is not None:
            stopped = _run(self._start, self._end)
            if stopped:
                self._errno = _ALL_BITS + 1 - self._table[-1]
                self.broken_at = (stopped - self._start) // _CALL_BYTES
            return
        for arguments in self._calls:
            if syscall(*arguments) < 0:
                self._errno = _last_error()
                self.broken_at = self._calls.index(arguments)
                break

    def mute(self):
        """Writes to what making the calls would write to, whose pages are the process's own then.

        A run makes none of them until unmute is called.
        """
        for arguments in self._calls:
            list(arguments)
        self._muted = self._calls, self._end
        self._calls, self._end = [nothing()[1]], self._start

    def unmute(self):
        """A run makes the calls again."""
        self._calls, self._end = self._muted

    def check(self):
        """Raises OSError if a call failed, with its step as an attribute."""
        if self.broken_at is not None:
            step, what = self._labels[self.broken_at]
            error = failed(what, self._errno)
            error.step = step
            raise error


def _word(argument):
    """What a register holds for an argument: itself, or where it lies."""
    if argument is None:
        return 0
    if isinstance(argument, int):
        return argument & _ALL_BITS
    if isinstance(argument, bytes):
        return ctypes.cast(argument, ctypes.c_void_p).value
    if isinstance(argument, _Length):
        return argument.value
    return ctypes.addressof(argument)


class _Length(ctypes.c_size_t):
    """The length of a Text, which is passed by its value. places are those in tables where it stands as well."""

    places = ()


class Text:
    """What a call is to write, set or changed after the call was laid out."""

    def __init__(self, most_bytes):
        layout = struct.Struct("N%ds" % most_bytes)
        self._memory = ctypes.create_string_buffer(layout.size)
        self._pack, self._most_bytes = layout.pack_into, most_bytes
        self.length = _Length.from_buffer(self._memory)
        self._places = self.length.places = []
        self.data = (ctypes.c_char * most_bytes).from_buffer(self._memory, layout.size - most_bytes)

    def set(self, text):
        """Makes it this text, which is bytes."""
        if len(text) > self._most_bytes:
            raise ValueError("%r is longer than %d bytes" % (text, self._most_bytes))
        self._pack(self._memory, 0, len(text), text)
        for table, place in self._places:
            table[place] = len(text)
        return self


def nothing():
    """A call that changes nothing."""
    return describe("getppid", "getppid")
