"""A call as the worker sends it: protocol.py says what is in it."""

import struct

from ..protocol import CALL_HEAD, CALL_REQUEST, LINE_END

_unpack = struct.Struct(CALL_HEAD).unpack_from
_BEGIN = struct.calcsize(CALL_HEAD)


def body_of(message):
    """The body alone."""
    return message[_BEGIN + _unpack(message)[0] :]


class Call:
    """A call with all that is known of it. Texts have a character for each byte."""

    def __init__(self, message):
        end = _BEGIN + _unpack(message)[0]
        kind, self.id, deadline, self.method, target, self.base, self.scheme, self.server, self.client, *lines = (
            message[_BEGIN:end].decode("latin-1").split(LINE_END)
        )
        self.is_request = kind == CALL_REQUEST
        self.deadline = int(deadline)  # nanoseconds of time.monotonic_ns()
        self.body = message[end:]
        self.raw_path, _, self.query = target.partition("?")
        self.raw_path = self.raw_path or "/"
        self.fields = list(zip(lines[::2], lines[1::2]))

    @property
    def path(self):
        """The path below the lambda's name, as bytes, without percent signs that stand for others."""
        return unquoted(self.raw_path)

    def joined(self):
        """The fields of the header by their names; those with one name are put together (RFC 9110 5.3, 6265 5.4)."""
        all_of_them = {}
        for name, value in self.fields:
            if name in all_of_them:
                value = all_of_them[name] + ("; " if name == "cookie" else ",") + value
            all_of_them[name] = value
        return all_of_them


def address(text, default):
    """Host and port of "host:port"; a port that is not there is the default one."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or text.endswith("]"):
        return text.strip("[]"), default
    return host.strip("[]"), int(port)


def unquoted(text):
    """The bytes that a percent-encoded text stands for. A percent sign that stands for nothing is one."""
    first, *parts = text.encode("latin-1").split(b"%")
    return first + b"".join(map(_unquoted_part, parts))


def _unquoted_part(part):
    """What stands behind a percent sign, with what that stands for."""
    digits = part[:2]
    if len(digits) == 2 and digits.isalnum():
        try:
            return bytes((int(digits, 16),)) + part[2:]
        except ValueError:
            pass
    return b"%" + part
