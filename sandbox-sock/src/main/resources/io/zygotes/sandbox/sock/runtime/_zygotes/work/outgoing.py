"""The answer of a web application on its way to the worker."""

from .. import wire
from ..linux import files
from ..protocol import (
    CHANNEL,
    FRAME_BEGIN,
    FRAME_CANCEL,
    FRAME_END,
    FRAME_PART,
    FRAME_RESPONSE,
    LINE_END,
    STATUS_ERROR,
)
from .answers import report_of

LARGEST_PART = 1 << 20  # bytes: a frame must not be much longer than what its reader wants to keep in memory
# A connection's, not an answer's (RFC 9110 7.6.1, PEP 3333): the worker's server says them itself.
_OF_CONNECTIONS = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)
_WITHOUT_BODY = (204, 304)
_OF_TOKENS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

_has_input = files.look_for_input(CHANNEL)


def _length(value):
    if not (value.strip().isascii() and value.strip().isdigit()):
        raise ValueError("the Content-Length %r is no number" % value)
    return int(value)


class Cancelled(OSError):
    """Nobody wants the rest of the answer."""


class Answer:
    """An answer over HTTP. Its parts leave at once.

    send takes all frames but the last one, which end and fail return. call is what is answered.
    """

    def __init__(self, call, send):
        self._send = send
        self._head = None  # until it is sent
        self._has_body = call.method != "HEAD"
        self._left = None  # bytes that the lambda said are still to come; None if it said nothing of them
        self.cancelled = False
        self.begun = False

    def start(self, status, fields):
        """Sets status and header, which are sent with the first part. May be called again until then."""
        if not isinstance(status, int) or not 200 <= status <= 999:
            raise ValueError("the status %r is not a number from 200 to 999" % (status,))
        lines = [str(int(status))]
        self._left = None
        for name, value in fields:
            if not name or not _OF_TOKENS.issuperset(name):
                raise ValueError("%r is not a name for a field of a header" % (name,))
            if "\r" in value or "\n" in value or "\0" in value:
                raise ValueError("the field %s of the header has a line break or a character 0 in it" % name)
            known = name.lower()
            if known == "content-length" and self._has_body and status not in _WITHOUT_BODY:
                self._left = _length(value)
            if known not in _OF_CONNECTIONS:
                lines += (name, value.strip())
        self._head = LINE_END.join(lines).encode("latin-1")

    def write(self, part):
        """The next part of the body, which may be empty: then what was set before it is sent."""
        self._count(part)
        self._pass(FRAME_BEGIN, part[:LARGEST_PART])
        for at in range(LARGEST_PART, len(part), LARGEST_PART):
            self._pass(FRAME_PART, part[at : at + LARGEST_PART])

    def whole(self, body):
        """The last part of the body, perhaps all of it. Returns the last frame."""
        try:
            if self.begun or len(body) > LARGEST_PART:
                self.write(body)
                return self.end()
            self._count(body)
        except Cancelled:
            return self.end()
        except ValueError as error:
            return self.fail(error)
        if self._left:
            return self.fail(self._too_short())
        self.begun = True
        return wire.frame(FRAME_RESPONSE, wire.with_head(self._head, body))

    def end(self):
        """That was all of it. Returns the last frame."""
        if not self.begun:
            return self.whole(b"")
        return self.fail(self._too_short()) if self._left and not self.cancelled else wire.frame(FRAME_END)

    def _too_short(self):
        return ValueError("the answer has %d bytes less than its Content-Length says" % self._left)

    def _count(self, part):
        if self._left is not None:
            self._left -= len(part)
            if self._left < 0:
                raise ValueError("the answer has more bytes than its Content-Length says")

    def fail(self, error):
        """The lambda failed, with this exception. Returns the last frame."""
        if self.begun:
            return wire.frame(FRAME_END, report_of(error))
        return wire.reply(STATUS_ERROR, report_of(error))

    def _pass(self, kind, part):
        if not self.begun:
            self.begun = True
            self._send(wire.frame(kind, wire.with_head(self._head, part)))
        elif part:
            self.look()
            self._send(wire.frame(FRAME_PART, part))

    def look(self):
        """Raises if nobody wants the rest."""
        if not self.cancelled and self.begun and _has_input():
            kind, _ = wire.receive_frame(CHANNEL)
            if kind != FRAME_CANCEL:
                raise ValueError("a leaf got a message of kind %d in the middle of an answer" % kind)
            self.cancelled = True
        if self.cancelled:
            raise Cancelled("the client is gone")
