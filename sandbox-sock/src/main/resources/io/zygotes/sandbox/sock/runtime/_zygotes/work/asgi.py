"""Web applications of ASGI, the interface for asynchronous ones: version 3.0, HTTP and lifespan (spec 2.4)."""

import os

from .. import wire
from ..protocol import CHANNEL
from .answers import loop, print_error
from .gateway import Application
from .incoming import address, unquoted
from .outgoing import Cancelled

_PART = 1 << 16  # bytes of a request's body that an application gets at once
_VERSIONS = {"version": "3.0", "spec_version": "2.4"}


def is_asgi(application):
    """Whether an application is asynchronous: a coroutine function, or an object that is called as one."""
    from inspect import iscoroutinefunction

    return iscoroutinefunction(application) or iscoroutinefunction(type(application).__call__)


class Asgi(Application):
    """An entry that is an ASGI application."""

    def __init__(self, application):
        super().__init__(application)
        self._lifespan = None

    def prime(self, event):
        try:
            return super().prime(event)
        finally:
            if self._lifespan is not None:
                # It would be in the zygote, and its loop cannot be forked: each leaf has its own.
                loop().run_until_complete(self._lifespan.end())
                self._lifespan = None

    def run(self, call, answer):
        return loop().run_until_complete(self._answer(call, answer))

    async def _answer(self, call, answer):
        """Runs the application. Returns what the answer returns at its end."""
        try:
            if self._lifespan is None:
                self._lifespan = _Lifespan(self.application)
                await self._lifespan.begin()
            self._lifespan.require()
        except BaseException as error:
            return answer.fail(error)
        exchange = _Exchange(call, answer)
        try:
            await self.application(_scope(call, self._lifespan.state), exchange.receive, exchange.send)
        except Cancelled:
            pass
        except BaseException as error:
            if not exchange.ended and not answer.cancelled:
                return answer.fail(error)
            # The client has its answer: frameworks raise what they answered with an error page, so that it is logged.
            print_error(error)
        finally:
            exchange.end()
        if not answer.cancelled and not exchange.ended:
            broken = RuntimeError(
                "the application returned before it had %s its answer" % ("ended" if exchange.started else "begun")
            )
            return answer.fail(broken)
        return exchange.last()


def _scope(call, state):
    scope = {
        "type": "http",
        "asgi": dict(_VERSIONS),
        "http_version": "1.1",
        "method": call.method,
        "scheme": call.scheme,
        "path": call.path.decode("utf-8", "replace"),
        "raw_path": call.raw_path.encode("latin-1"),
        "query_string": call.query.encode("latin-1"),
        "root_path": unquoted(call.base).decode("utf-8", "replace"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in call.fields],
        "client": address(call.client, 0) if call.client else None,
        "server": address(call.server, 80) if call.server else None,
    }
    if state is not None:
        scope["state"] = state.copy()
    return scope


class _Exchange:
    """One request and its answer, as an application meets them."""

    def __init__(self, call, answer):
        self._call, self._answer = call, answer
        self._at = 0  # in the request's body
        self._asked = False  # whether all of it was given
        self._gone = None  # an event: the client is, or the answer has ended
        self._watches = False
        self._held = None  # the last part, for as long as the application may return at once
        self.started = self.ended = False

    async def receive(self):
        if not self._asked:
            part = self._call.body[self._at : self._at + _PART]
            self._at += len(part)
            self._asked = self._at >= len(self._call.body)
            return {"type": "http.request", "body": part, "more_body": not self._asked}
        if not self.ended and not self._answer.cancelled:
            await self._until_gone()
        return {"type": "http.disconnect"}

    async def _until_gone(self):
        import asyncio

        if self._gone is None:
            self._gone = asyncio.Event()
            self._watches = True
            loop().add_reader(CHANNEL, self._look)
        await self._gone.wait()

    def _look(self):
        """Something came on the channel."""
        try:
            self._answer.look()
        except Cancelled:
            self._gone.set()
        except wire.Closed:
            os._exit(0)

    async def send(self, message):
        kind = message["type"]
        if self._answer.cancelled:
            raise Cancelled("the client is gone")
        if kind == "http.response.start" and not self.started:
            self._answer.start(message["status"], [_text(field) for field in message.get("headers", ())])
            self.started = True
        elif kind == "http.response.body" and self.started and not self.ended:
            self._body(bytes(message.get("body", b"")), message.get("more_body", False))
        else:
            raise RuntimeError(
                "the application sent %r %s" % (kind, "after its answer had ended" if self.ended else "out of turn")
            )

    def _body(self, part, more):
        if more:
            self._answer.write(part)
            return
        self.ended = True
        self._held = part
        if self._gone is not None:
            self._gone.set()
        # The application may go on with something that the client need not wait for.
        loop().call_soon(self._let_go)

    def _let_go(self):
        if self._held is not None:
            part, self._held = self._held, None
            try:
                self._answer.write(part)
            except Cancelled:
                pass

    def last(self):
        """The last frame."""
        if self._held is not None:
            part, self._held = self._held, None
            return self._answer.whole(part)
        return self._answer.end()

    def end(self):
        """The application has returned."""
        if self._watches:
            loop().remove_reader(CHANNEL)
        if self._gone is not None:
            self._gone.set()


def _text(field):
    name, value = field
    return bytes(name).decode("latin-1"), bytes(value).decode("latin-1")


class _Lifespan:
    """What an application does before its first request: ASGI's lifespan protocol.

    Leaves are ended by the kernel, so that they end without its shutdown.
    """

    def __init__(self, application):
        self._application = application
        self._task = None
        self._events = None  # for the application
        self._told = None  # a future: it has begun, or ended
        self._failure = None
        self.state = {}  # None if the application knows no lifespan

    async def begin(self):
        import asyncio

        self._events = asyncio.Queue()
        self._events.put_nowait({"type": "lifespan.startup"})
        self._told = asyncio.get_running_loop().create_future()
        scope = {"type": "lifespan", "asgi": dict(_VERSIONS), "state": self.state}
        self._task = asyncio.ensure_future(self._application(scope, self._events.get, self._send))
        await asyncio.wait((self._task, self._told), return_when=asyncio.FIRST_COMPLETED)
        if not self._told.done():
            # It knows no lifespan, says an exception, or a return without a word.
            self.state = None
            self._task.cancelled() or self._task.exception()

    async def _send(self, message):
        if message["type"].endswith(".failed"):
            self._failure = message.get("message", "")
        if not self._told.done():
            self._told.set_result(None)

    def require(self):
        if self._failure is not None:
            raise RuntimeError("the application's startup failed: %s" % self._failure)

    async def end(self):
        import asyncio

        if not self._task.done():
            self._told = asyncio.get_running_loop().create_future()
            self._events.put_nowait({"type": "lifespan.shutdown"})
            await asyncio.wait((self._task,))
