"""Messages between the worker and what runs in sandboxes.

Warden and zygotes have a SOCK_SEQPACKET socket, with descriptors beside a message. To the warden a message is a JSON
object. From the warden, too, or a single byte: how a process ended, by its exit code, or 128 and the number of a
signal. A request for a zygote has four lines: what many sandboxes have in common, as JSON and the same bytes for all
of them; and of the sandbox itself its host name, its line for uid_map, and as JSON what else it is told ahead, or
nothing. Leaves and jobs have a SOCK_STREAM socket with frames: length of the body (u32, big endian), kind (u8), body.

The worker asks the kernel who sent what it reads (SO_PASSCRED), so nobody can speak for another process.

What is on the way of a request is bound to a name here: to find it in its module would write to the module's count of
references, which lies on one more page that zygote and leaf have to copy.
"""

import _socket  # without the classes of socket around it: for sockets, and for numbers, whose | would run much Python
import json
import os
import struct

# Kinds of frames. To the sandbox: "mounts" of both the first and the last is a list of [path, is a folder], with a
# detached mount tree as a descriptor for each. JSON: the rest of what it must be, mounts among it; sent after the
# worker has checked who said hello. Nothing, if it was told ahead, or if it is a spare leaf and gets its code and
# nothing else: the only descriptor that comes with it.
GO = 0
CALL = 1  # one call: the event (JSON), or nothing
MOUNT = 2  # JSON: mounts that GO has no room for; before GO
# From the sandbox:
HELLO = 10  # empty; the first thing a new process says
# Of a zygote JSON. Of a leaf the nanoseconds that the import of f.py took, and how long ago it ended (u64 each); if
# it was called already, together with the reply.
READY = 11
REPLY = 12  # status (u16), body
FAILED = 13  # JSON: {"step", "error", "errno", "traceback"}; it could not be made

CHANNEL = 3  # every process in a sandbox has its socket to the worker here
INHERITED = 4  # what the warden's child leaves to the interpreter that it becomes: its request, and what came with go

_FRAME = struct.Struct(">IB")
_FRAME_BYTES, _pack_frame, _unpack_frame = _FRAME.size, _FRAME.pack, _FRAME.unpack
_REPLY = struct.Struct(">IBH")
_pack_reply, _STATUS_BYTES = _REPLY.pack, _REPLY.size - _FRAME.size
_READY = struct.Struct(">IBQQ")
_pack_ready, _READY_BYTES = _READY.pack, _READY.size - _FRAME.size
_pack_credentials = struct.Struct("iII").pack
_unpack, _read_some, _write = struct.unpack, os.read, os.write
# Of the warden and of zygotes: names, numbers and maps. A large buffer would be mapped and unmapped for each message.
_LARGEST_REQUEST = 1 << 13
_LARGEST_ORDER = 1 << 18
_FOR_DESCRIPTORS = _socket.CMSG_SPACE(253 * 4)  # SCM_MAX_FD, unix(7)
_FOR_ALL = _FOR_DESCRIPTORS + _socket.CMSG_SPACE(12)
_CUT_OFF = _socket.MSG_TRUNC | _socket.MSG_CTRUNC
_CLOSE_ON_EXEC = _socket.MSG_CMSG_CLOEXEC
_SOCKET, _RIGHTS, _CREDENTIALS = _socket.SOL_SOCKET, _socket.SCM_RIGHTS, _socket.SCM_CREDENTIALS
_ALL_OF_IT = _socket.MSG_CMSG_CLOEXEC | _socket.MSG_WAITALL


class Closed(Exception):
    """The other side is gone."""


STREAM, PACKETS = _socket.SOCK_STREAM, _socket.SOCK_SEQPACKET


def over(descriptor, kind):
    """A bare socket object over a descriptor."""
    return _socket.socket(_socket.AF_UNIX, kind, 0, descriptor)


def pair(kind):
    """Two bare socket objects, connected with each other."""
    return _socket.socketpair(_socket.AF_UNIX, kind)


_scan = json.decoder.JSONDecoder().scan_once


def parse(data):
    """json.loads, without its way through Python for what is plain: one value and nothing around it."""
    try:
        text = data.decode()
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except (ValueError, StopIteration):
        pass
    return json.loads(data)


def receive_request(channel):
    """A request for a zygote as it came, and the descriptors that came with it."""
    data, descriptors, _ = _receive(channel, _LARGEST_REQUEST)
    return data, descriptors


def receive_message(channel, largest=_LARGEST_REQUEST):
    """One object from a SOCK_SEQPACKET socket, and the descriptors that came with it."""
    data, descriptors, ancillary = _receive(channel, largest)
    pid = 0
    for level, kind, payload in ancillary:
        if kind == _CREDENTIALS and level == _SOCKET:
            pid = _unpack("iII", payload)[0]
    message = parse(data)
    message["sender"] = pid
    return message, descriptors


def _receive(channel, largest):
    data, ancillary, flags, _ = channel.recvmsg(largest, _FOR_ALL, _CLOSE_ON_EXEC)
    if not data:
        raise Closed
    descriptors = _descriptors(ancillary)
    if flags & _CUT_OFF:
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError("a message of the worker was cut off")
    return data, descriptors, ancillary


def send_message(channel, message):
    """One message."""
    channel.sendmsg([json.dumps(message).encode()])


def send_end(channel, status, pid):
    """Says that a process ended.

    As coming from it (needs CAP_SYS_ADMIN over the pid namespace); its user is not told.
    """
    channel.sendmsg((bytes((status,)),), ((_SOCKET, _CREDENTIALS, _pack_credentials(pid, 0, 0)),))


def frame(kind, body=b""):
    return _pack_frame(len(body), kind) + body


def send_frame(descriptor, kind, body=b""):
    send(descriptor, frame(kind, body))


def send(descriptor, data):
    """Sends whole frames."""
    written = _write(descriptor, data)
    while written < len(data):
        written += _write(descriptor, memoryview(data)[written:])


def _read(descriptor, count):
    first = _read_some(descriptor, count)
    if len(first) == count:
        return first
    parts = [first]
    while True:
        if not parts[-1]:
            raise Closed
        count -= len(parts[-1])
        if not count:
            return b"".join(parts)
        parts.append(_read_some(descriptor, min(count, 1 << 20)))


def receive_frame(descriptor):
    length, kind = _unpack_frame(_read(descriptor, _FRAME_BYTES))
    return kind, _read(descriptor, length) if length else b""


def receive_order(channel, is_packet):
    """A GO or MOUNT: kind, body, descriptors. From either type of socket, whatever the object says of it."""
    wanted = _LARGEST_ORDER if is_packet else _FRAME_BYTES
    data, ancillary, _, _ = channel.recvmsg(wanted, _FOR_DESCRIPTORS, _ALL_OF_IT)
    if not data:
        raise Closed
    length, kind = _FRAME.unpack_from(data)
    body = data[_FRAME_BYTES:] if is_packet else _read(channel.fileno(), length) if length else b""
    return kind, body, _descriptors(ancillary)


def _descriptors(ancillary):
    for level, kind, payload in ancillary:
        if kind == _RIGHTS and level == _SOCKET:
            return _unpack("%di" % (len(payload) // 4), payload)
    return ()


def with_descriptors(descriptors):
    """What goes with a message beside its data."""
    return [(_SOCKET, _RIGHTS, struct.pack("%di" % len(descriptors), *descriptors))]


def ready(import_nanoseconds, ago_nanoseconds):
    return _pack_ready(_READY_BYTES, READY, import_nanoseconds, ago_nanoseconds)


def reply(status, body):
    return _pack_reply(_STATUS_BYTES + len(body), REPLY, status) + body
