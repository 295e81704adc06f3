"""Sends and receives what protocol.py specifies.

What is on the way of a request is bound to a name here: to find it in its module would write to the module's count of
references, which lies on one more page that zygote and leaf have to copy.
"""

import _socket  # without the classes of socket around it: for sockets, and for numbers, whose | would run much Python
import json
import os
import struct
import traceback

from . import tuning
from .protocol import (
    CALL_HEAD,
    FRAME_FAILED,
    FRAME_HEADER,
    FRAME_READY,
    FRAME_REPLY,
    KEY_ERRNO,
    KEY_ERROR,
    KEY_STEP,
    KEY_TRACEBACK,
    LARGEST_ORDER,
    LARGEST_REQUEST,
    READY_BODY,
    REPLY_STATUS,
)

_HEADER = struct.Struct(FRAME_HEADER)
_HEADER_BYTES, _pack_header, _unpack_header = _HEADER.size, _HEADER.pack, _HEADER.unpack
# A header and what follows it, in one go.
_REPLY = struct.Struct(FRAME_HEADER + REPLY_STATUS[1:])
_pack_reply, _STATUS_BYTES = _REPLY.pack, _REPLY.size - _HEADER.size
_READY = struct.Struct(FRAME_HEADER + READY_BODY[1:])
_pack_ready, _READY_BYTES = _READY.pack, _READY.size - _HEADER.size
_pack_head = struct.Struct(CALL_HEAD).pack
_CREDENTIALS_LAYOUT = "iII"  # struct ucred: process, user and group id, unix(7)
_pack_credentials = struct.Struct(_CREDENTIALS_LAYOUT).pack
_unpack, _read_some, _write = struct.unpack, os.read, os.write
_FOR_DESCRIPTORS = _socket.CMSG_SPACE(253 * 4)  # SCM_MAX_FD, unix(7)
_FOR_ALL = _FOR_DESCRIPTORS + _socket.CMSG_SPACE(12)
_CUT_OFF = _socket.MSG_TRUNC | _socket.MSG_CTRUNC
_CLOSE_ON_EXEC = _socket.MSG_CMSG_CLOEXEC
_SOCKET, _RIGHTS, _CREDENTIALS = _socket.SOL_SOCKET, _socket.SCM_RIGHTS, _socket.SCM_CREDENTIALS
_ALL_OF_IT = _socket.MSG_CMSG_CLOEXEC | _socket.MSG_WAITALL

STREAM, PACKETS = _socket.SOCK_STREAM, _socket.SOCK_SEQPACKET


class Closed(Exception):
    """The other side is gone."""


def over(descriptor, kind):
    """A bare socket object over a descriptor."""
    channel = _socket.socket(_socket.AF_UNIX, kind, 0, descriptor)
    channel.settimeout(None)  # whatever a package made the default (socket.setdefaulttimeout)
    return channel


def pair(kind):
    """Two bare socket objects, connected with each other."""
    both = _socket.socketpair(_socket.AF_UNIX, kind)
    for one in both:
        one.settimeout(None)
    return both


_scan = json.decoder.JSONDecoder().scan_once


def _parse_plain(data):
    """json.loads, without its way through Python for what is plain: one value and nothing around it."""
    try:
        text = data.decode()
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except (ValueError, StopIteration):
        pass
    return json.loads(data)


parse = _parse_plain if tuning.PLAIN_JSON else json.loads


def receive_request(channel):
    """A request for a zygote as it came, and the descriptors that came with it."""
    data, descriptors, _ = _receive(channel, LARGEST_REQUEST)
    return data, descriptors


def receive_message(channel, largest=LARGEST_REQUEST):
    """One JSON object from a SOCK_SEQPACKET socket, the descriptors that came with it, and the sender's process id."""
    data, descriptors, ancillary = _receive(channel, largest)
    sender = 0
    for level, kind, payload in ancillary:
        if kind == _CREDENTIALS and level == _SOCKET:
            sender = _unpack(_CREDENTIALS_LAYOUT, payload)[0]
    return parse(data), descriptors, sender


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
    """One JSON object as a message."""
    channel.sendmsg([json.dumps(message).encode()])


def send_end(channel, status, pid):
    """Says that a process ended.

    As coming from it (needs CAP_SYS_ADMIN over the pid namespace); its user is not told.
    """
    channel.sendmsg((bytes((status,)),), ((_SOCKET, _CREDENTIALS, _pack_credentials(pid, 0, 0)),))


def frame(kind, body=b""):
    """A whole frame."""
    return _pack_header(len(body), kind) + body


def send_frame(descriptor, kind, body=b""):
    """Sends one frame."""
    send(descriptor, frame(kind, body))


def send(descriptor, data):
    """Sends whole frames."""
    written = _write(descriptor, data)
    while written < len(data):
        written += _write(descriptor, memoryview(data)[written:])


def send_failure(descriptor, step, error):
    """Tells the worker why there will be no sandbox."""
    report = {
        KEY_STEP: step,
        KEY_ERROR: "%s: %s" % (type(error).__name__, error),
        KEY_ERRNO: getattr(error, "errno", None),
        KEY_TRACEBACK: "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }
    send_frame(descriptor, FRAME_FAILED, json.dumps(report).encode())


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
    """One frame from a SOCK_STREAM socket: kind and body."""
    length, kind = _unpack_header(_read(descriptor, _HEADER_BYTES))
    return kind, _read(descriptor, length) if length else b""


def receive_order(channel, is_packet):
    """A FRAME_GO or FRAME_MOUNT: kind, body, descriptors. From either type of socket, whatever the object says."""
    wanted = LARGEST_ORDER if is_packet else _HEADER_BYTES
    data, ancillary, _, _ = channel.recvmsg(wanted, _FOR_DESCRIPTORS, _ALL_OF_IT)
    if not data:
        raise Closed
    length, kind = _HEADER.unpack_from(data)
    body = data[_HEADER_BYTES:] if is_packet else _read(channel.fileno(), length) if length else b""
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
    """A leaf's FRAME_READY."""
    return _pack_ready(_READY_BYTES, FRAME_READY, import_nanoseconds, ago_nanoseconds)


def reply(status, body):
    """A FRAME_REPLY."""
    return _pack_reply(_STATUS_BYTES + len(body), FRAME_REPLY, status) + body


def with_head(head, body):
    """The body of a frame that begins with a head."""
    return _pack_head(len(head)) + head + body
