"""Messages between the worker and what runs in sandboxes.

Warden and zygotes have a SOCK_SEQPACKET socket, with descriptors beside a message. To and from the warden a message is a
JSON object. A request for a zygote has two, a line each: what many sandboxes have in common, the same bytes for all of
them, and what is the sandbox's own. Leaves and jobs have a SOCK_STREAM socket with frames: length of the body (u32, big
endian), kind (u8), body.

The worker asks the kernel who sent what it reads (SO_PASSCRED), so nobody can speak for another process.
"""

import _socket  # without the classes of socket around it: for sockets, and for numbers, whose | would run much Python
import json
import os
import struct

# Kinds of frames. To the sandbox:
# "mounts" of both the first and the last is a list of [path, is a folder], with a detached mount tree as a descriptor
# for each.
GO = 0  # JSON: the rest of what it must be, mounts among it; sent after the worker has checked who said hello
CALL = 1  # one call: the event (JSON), or nothing
MOUNT = 2  # JSON: mounts that GO has no room for; before GO
# From the sandbox:
HELLO = 10  # empty; the first thing a new process says
READY = 11  # JSON; of a leaf that was called already, it comes together with the reply
REPLY = 12  # status (u16), body
FAILED = 13  # JSON: {"step", "error", "errno", "traceback"}; it could not be made

CHANNEL = 3  # every process in a sandbox has its socket to the worker here
INHERITED = 4  # what the warden's child leaves to the interpreter that it becomes: its request, and what came with go

_FRAME = struct.Struct(">IB")
_STATUS = struct.Struct(">H")
# Of the warden and of zygotes: names, numbers and maps. A large buffer would be mapped and unmapped for each message.
_LARGEST_REQUEST = 1 << 13
_LARGEST_ORDER = 1 << 18
_FOR_DESCRIPTORS = _socket.CMSG_SPACE(253 * 4)  # SCM_MAX_FD, unix(7)
_FOR_ALL = _FOR_DESCRIPTORS + _socket.CMSG_SPACE(12)
_CUT_OFF = _socket.MSG_TRUNC | _socket.MSG_CTRUNC
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


def _receive(channel, largest):
    data, ancillary, flags, _ = channel.recvmsg(largest, _FOR_ALL, _socket.MSG_CMSG_CLOEXEC)
    if not data:
        raise Closed
    descriptors = _descriptors(ancillary)
    if flags & _CUT_OFF:
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError("a message of the worker was cut off")
    return data, ancillary, descriptors


def receive_request(channel):
    """A request for a zygote as it came, and the descriptors that came with it."""
    data, _, descriptors = _receive(channel, _LARGEST_REQUEST)
    return data, descriptors


def receive_message(channel, largest=_LARGEST_REQUEST):
    """One object from a SOCK_SEQPACKET socket, and the descriptors that came with it."""
    data, ancillary, descriptors = _receive(channel, largest)
    pid = 0
    for level, kind, payload in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_CREDENTIALS:
            pid = struct.unpack("iII", payload)[0]
    message = parse(data)
    message["sender"] = pid
    return message, descriptors


def send_message(channel, message, pid=0):
    """One message; as coming from process pid, if given (needs CAP_SYS_ADMIN over the pid namespace)."""
    ancillary = []
    if pid:
        ancillary.append((_socket.SOL_SOCKET, _socket.SCM_CREDENTIALS, struct.pack("iII", pid, os.getuid(), os.getgid())))
    channel.sendmsg([json.dumps(message).encode()], ancillary)


def frame(kind, body=b""):
    return _FRAME.pack(len(body), kind) + body


def send_frame(descriptor, kind, body=b""):
    send(descriptor, frame(kind, body))


def send(descriptor, data):
    """Sends whole frames."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def _read(descriptor, count):
    first = os.read(descriptor, count)
    if len(first) == count:
        return first
    parts = [first]
    while True:
        if not parts[-1]:
            raise Closed
        count -= len(parts[-1])
        if not count:
            return b"".join(parts)
        parts.append(os.read(descriptor, min(count, 1 << 20)))


def receive_frame(descriptor):
    length, kind = _FRAME.unpack(_read(descriptor, _FRAME.size))
    return kind, _read(descriptor, length) if length else b""


def receive_order(channel, is_packet):
    """A GO or MOUNT: kind, body, descriptors. From either type of socket, whatever the object says of it."""
    wanted = _LARGEST_ORDER if is_packet else _FRAME.size
    data, ancillary, _, _ = channel.recvmsg(wanted, _FOR_DESCRIPTORS, _ALL_OF_IT)
    if not data:
        raise Closed
    length, kind = _FRAME.unpack_from(data)
    body = data[_FRAME.size :] if is_packet else _read(channel.fileno(), length) if length else b""
    return kind, body, _descriptors(ancillary)


def _descriptors(ancillary):
    for level, kind, payload in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            return memoryview(payload).cast("i").tolist()
    return []


def with_descriptors(descriptors):
    """What goes with a message beside its data."""
    return [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("%di" % len(descriptors), *descriptors))]


def reply(status, body):
    return frame(REPLY, _STATUS.pack(status) + body)
