"""Messages between the worker and what runs in sandboxes.

Warden and zygotes have a SOCK_SEQPACKET socket: one JSON object a message, descriptors beside it. Leaves and jobs
have a SOCK_STREAM socket with frames: length of the body (u32, big endian), kind (u8), body.

The worker asks the kernel who sent what it reads (SO_PASSCRED), so nobody can speak for another process.
"""

import _socket  # without the class around it, whose every instance costs a forked child some page faults
import array
import json
import os
import socket
import struct

# Kinds of frames. To the sandbox:
# "mounts" of both the first and the last is a list of [path, is a folder], with a detached mount tree as a descriptor
# for each.
GO = 0  # JSON: the rest of what it must be, mounts among it; sent after the worker has checked who said hello
CALL = 1  # one call: the event (JSON), or nothing
MOUNT = 2  # JSON: mounts that GO has no room for; before GO
# From the sandbox:
HELLO = 10  # empty; the first thing a new process says
READY = 11  # JSON
REPLY = 12  # status (u16), body
FAILED = 13  # JSON: {"step", "error", "errno", "traceback"}; it could not be made

CHANNEL = 3  # every process in a sandbox has its socket to the worker here
INHERITED = 4  # what the warden's child leaves to the interpreter that it becomes: its request, and what came with go

_FRAME = struct.Struct(">IB")
_STATUS = struct.Struct(">H")
# Of the warden and of zygotes: names, numbers and maps. A large buffer would be mapped and unmapped for each message.
_LARGEST_REQUEST = 1 << 13
_LARGEST_ORDER = 1 << 18
_MOST_DESCRIPTORS = 253  # SCM_MAX_FD, unix(7)


class Closed(Exception):
    """The other side is gone."""


def over(descriptor, kind):
    """A bare socket object over a descriptor, to be detached by whoever makes it."""
    return _socket.socket(socket.AF_UNIX, kind, 0, descriptor)


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


def receive_message(channel, largest=_LARGEST_REQUEST):
    """One message from a SOCK_SEQPACKET socket: the object, and the descriptors that came with it."""
    data, ancillary, flags, _ = channel.recvmsg(
        largest, socket.CMSG_SPACE(_MOST_DESCRIPTORS * 4) + socket.CMSG_SPACE(12), socket.MSG_CMSG_CLOEXEC
    )
    if not data:
        raise Closed
    descriptors = _descriptors(ancillary)
    pid = 0
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("iII", payload)[0]
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError("a message of the worker was cut off")
    message = parse(data)
    message["sender"] = pid
    return message, descriptors


def send_message(channel, message, pid=0):
    """One message; as coming from process pid, if given (needs CAP_SYS_ADMIN over the pid namespace)."""
    ancillary = []
    if pid:
        ancillary.append((socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("iII", pid, os.getuid(), os.getgid())))
    channel.sendmsg([json.dumps(message).encode()], ancillary)


def frame(kind, body=b""):
    return _FRAME.pack(len(body), kind) + body


def send_frame(descriptor, kind, body=b""):
    data = frame(kind, body)
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
    data, ancillary, _, _ = channel.recvmsg(
        wanted, socket.CMSG_SPACE(_MOST_DESCRIPTORS * 4), socket.MSG_CMSG_CLOEXEC | socket.MSG_WAITALL
    )
    if not data:
        raise Closed
    length, kind = _FRAME.unpack_from(data)
    body = data[_FRAME.size :] if is_packet else _read(channel.fileno(), length) if length else b""
    return kind, body, _descriptors(ancillary)


def _descriptors(ancillary):
    found = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(payload[: len(payload) - len(payload) % 4])
    return list(found)


def send_reply(descriptor, status, body):
    send_frame(descriptor, REPLY, _STATUS.pack(status) + body)
