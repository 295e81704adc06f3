"""Web applications of WSGI, Python's interface between servers and applications: PEP 3333."""

import io
import sys

from .answers import print_error
from .gateway import Application
from .incoming import address, unquoted
from .outgoing import Cancelled

_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Wsgi(Application):
    """An entry that is a WSGI application."""

    def run(self, call, answer):
        result = ()
        try:
            start = _Start(answer)
            result = self.application(environment(call), start)
            body = _whole(result)
            if body is None:
                _pass_on(result, start, answer)
            start.require()
        except Cancelled:
            body = None
        except BaseException as error:
            _close(result)
            return answer.fail(error)
        _close(result)
        return answer.end() if body is None else answer.whole(body)


def _whole(result):
    """The body, if it is all there. None if it comes in parts."""
    return b"".join(result) if type(result) in (list, tuple) else None


def _pass_on(result, start, answer):
    """Sends each part of the body before the next one is asked for: PEP 3333, "Buffering and Streaming"."""
    for part in result:
        if type(part) is not bytes:
            raise TypeError("the application's iterator gave %s, not bytes" % type(part).__name__)
        if part:
            start.require()
            answer.write(part)


def _close(result):
    """Closes an iterator, as a server must. The client has its answer, whatever that raises."""
    try:
        if hasattr(result, "close"):
            result.close()
    except BaseException as error:
        print_error(error)


class _Start:
    """start_response: PEP 3333, "The start_response() Callable"."""

    def __init__(self, answer):
        self._answer = answer
        self._called = False

    def __call__(self, status, headers, exc_info=None):
        if exc_info is not None:
            try:
                if self._answer.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._called:
            raise AssertionError("start_response was called twice, and the second time without exc_info")
        if not isinstance(status, str) or not status[:3].isdigit():
            raise ValueError("the status %r does not begin with three digits" % (status,))
        for name, value in headers:
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError("the field %r: %r of the header is not made of two strings" % (name, value))
        self._answer.start(int(status[:3]), headers)
        self._called = True
        return self._write

    def _write(self, data):
        self._answer.write(data)

    def require(self):
        if not self._called:
            raise AssertionError("the application did not call start_response before its answer began")


def environment(call):
    """The environ of a request: PEP 3333, "environ Variables"."""
    server, port = address(call.server, 80 if call.scheme == "http" else 443)
    client, client_port = address(call.client, 0)
    environ = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": unquoted(call.base).decode("latin-1"),
        "PATH_INFO": call.path.decode("latin-1"),
        "QUERY_STRING": call.query,
        "REQUEST_URI": call.base + call.raw_path + ("?" + call.query if call.query else ""),
        "SERVER_NAME": server or "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": client,
        "REMOTE_PORT": str(client_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": call.scheme,
        "wsgi.input": io.BytesIO(call.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    environ["RAW_URI"] = environ["REQUEST_URI"]
    for name, value in call.joined().items():
        # One with an underscore would be taken for another; Proxy would be taken for a setting (CVE-2016-5385).
        if "_" not in name and name != "proxy":
            environ[_WITHOUT_PREFIX.get(name) or "HTTP_" + name.upper().replace("-", "_")] = value
    if call.body:
        environ["CONTENT_LENGTH"] = str(len(call.body))
    return environ
