"""One call of a lambda's function: its event, its answer, and what is said of its errors.

What fails here is code of the lambda, which also has a part in how its errors are told: it must never end the leaf.
"""

import json
import os
import sys
import traceback
import types

from .. import tuning, wire
from ..protocol import (
    KEY_ERROR,
    KEY_TRACEBACK,
    LARGEST_BODY,
    REPLY_STATUS_BYTES,
    STATUS_BAD_EVENT,
    STATUS_ERROR,
    STATUS_OK,
)

_LARGEST = LARGEST_BODY - REPLY_STATUS_BYTES  # bytes of an answer
_LONGEST = 1 << 16  # characters of an exception's text, and of a traceback
# Bound as wire.py says; the first, whatever a metaclass says.
_OWN = os.path.dirname(__file__) + "/"
_name_of = type.__dict__["__name__"].__get__
_join = "".join
_Coroutine = types.CoroutineType
_parse = wire.parse


def answer(function, body):
    """Status and body of the reply to one call."""
    if body:
        try:
            event = _parse(body)
        except (ValueError, RecursionError) as error:
            return STATUS_BAD_EVENT, report("the request's body is not JSON: %s" % error)
    else:
        event = {}  # what OpenLambda and AWS Lambda give to a function that is called with nothing
    try:
        result = function(event)
        if type(result) is _Coroutine:
            result = _awaited(result)
    except BaseException as error:
        return STATUS_ERROR, report_of(error)
    try:
        written = _written(result)
    except BaseException as error:  # a dict may be a class of the lambda's, with code of its own
        return STATUS_ERROR, report(
            "what the lambda returned cannot be written as JSON: %s%s" % (said(error), _where(result))
        )
    if len(written) > _LARGEST:
        return STATUS_ERROR, report(
            "what the lambda returned is %d bytes of JSON, and %d are the most; a web application can answer in parts"
            % (len(written), _LARGEST)
        )
    return STATUS_OK, written


def _open_input():
    """exit() and quit() close the standard input, because their process ends. This one goes on."""
    if sys.stdin is not None and sys.stdin.closed:
        sys.stdin = open(os.devnull)  # gets the lowest unused number, which is that of the standard input


_loop = None


def _awaited(coroutine):
    """What an async f returns."""
    return loop().run_until_complete(coroutine)


def loop():
    """The event loop: the same for all calls, so that what the lambda keeps (sessions) stays usable."""
    global _loop
    import asyncio  # most lambdas do not need it

    if _loop is None or _loop.is_closed():
        _loop = asyncio.new_event_loop()
        asyncio.set_event_loop(_loop)
    return _loop


def end_loop():
    """Ends the loop, with the threads that it has. Returns why the process cannot do without it from now on, or None.

    A fork would share it with this process.
    """
    global _loop
    if _loop is None or _loop.is_closed():
        return None
    import asyncio
    import gc
    import weakref

    ended, _loop = _loop, None
    if asyncio.all_tasks(ended):
        return "tasks go on in its event loop"
    ended.run_until_complete(ended.shutdown_asyncgens())
    ended.run_until_complete(ended.shutdown_default_executor())
    ended.close()
    asyncio.set_event_loop(None)
    kept = weakref.ref(ended)
    del ended
    gc.collect()
    return None if kept() is None else "it keeps the event loop of its first call"


_HINTS = {
    "DataFrame": '.to_dict("records")',
    "Series": ".tolist()",
    "ndarray": ".tolist()",
    "Timestamp": ".isoformat()",
    "datetime": ".isoformat()",
    "date": ".isoformat()",
    "Decimal": "str() or float()",
    "bytes": ".decode()",
    "set": "list()",
    "generator": "list()",
    "UUID": "str()",
}
_MOST_LOOKED_AT = 100000


def _where(result):
    """Where in a result something stands that is no JSON, and what makes some of it."""
    try:
        found = _first_fault(result, "", [0])
    except BaseException:  # its parts may be classes of the lambda's
        return ""
    if found is None:
        return ""
    path, value = found
    place = (path[1:] if path[:1] == "." else path) or "the result"
    if isinstance(value, float):
        name = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return "; %s is %s, which is no JSON: return None in its place" % (place, name)
    name = _name_of(type(value))
    hint = _HINTS.get(name)
    if hint is None and hasattr(value, "item") and hasattr(value, "dtype"):
        hint = ".item()"
    return "; %s is of type %s%s" % (place, name, ", of which %s makes JSON" % hint if hint else "")


def _step(key):
    """One step down in a path: a name behind a dot, and what is no name in brackets, as in JavaScript."""
    if type(key) is str and key.isidentifier():
        return "." + key
    return "[%s]" % json.dumps(key)[:100]


def _first_fault(value, path, count):
    count[0] += 1
    if count[0] > _MOST_LOOKED_AT or isinstance(value, (str, int, bool)) or value is None:
        return None
    if isinstance(value, float):
        return None if value - value == 0 else (path, value)
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, (str, int, float, bool)) and key is not None:
                return "a key of " + ((path[1:] if path[:1] == "." else path) or "the result"), key
            found = _first_fault(part, path + _step(key), count)
            if found is not None:
                return found
        return None
    if isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            found = _first_fault(part, "%s[%d]" % (path, number), count)
            if found is not None:
                return found
        return None
    return path, value


def flush():
    """Passes on what was printed and does not end a line."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # closed or replaced by the lambda: its own business


def print_error(error):
    """Puts an exception into the lambda's log, where there is nobody to tell it to."""
    try:
        sys.stderr.write(user_traceback(error))
    except (OSError, ValueError, AttributeError):
        pass  # closed or replaced by the lambda: its own business


def said(error):
    """An exception in one line. Its text is made by code of the lambda, which may fail."""
    name = _name_of(type(error))
    try:
        return _shortened("%s: %s" % (name, error))
    except BaseException:
        return "%s, whose text cannot be made" % name


def user_traceback(error):
    """The traceback without the frames of this package. Empty if code of the lambda, which has a part in it, fails."""
    try:
        told = traceback.TracebackException(type(error), error, error.__traceback__)
        told.stack = traceback.StackSummary.from_list(
            [frame for frame in told.stack if not frame.filename.startswith(_OWN)]
        )
        return _shortened("".join(told.format()))
    except BaseException:
        return ""


def _shortened(text):
    if len(text) <= _LONGEST:
        return text
    part = _LONGEST // 2
    return "%s\n… (%d characters are left out) …\n%s" % (text[:part], len(text) - 2 * part, text[-part:])


def _said_by_exit(error):
    try:
        return "the lambda called sys.exit(%r)" % (error.code,)
    except BaseException:
        return "the lambda called sys.exit with something whose text cannot be made"


def report_of(error):
    """What is told of an exception that the lambda raised."""
    if isinstance(error, SystemExit):
        _open_input()
        return report(_said_by_exit(error), user_traceback(error))
    return report(said(error), user_traceback(error))


def report(message, trace=None):
    """An error as the worker gets it."""
    report = {KEY_ERROR: _shortened(message)}
    if trace:
        report[KEY_TRACEBACK] = trace
    return json.dumps(report).encode()


_plain = json.JSONEncoder(allow_nan=False)
_containers = {}  # those that are being written, to find circles by


def _other(value):
    return _plain.default(value)  # looked for at each call: some packages put a method of theirs in its place


def _encoder():
    """What json.JSONEncoder makes anew for each value. None where it is not written in C."""
    make, escape = json.encoder.c_make_encoder, json.encoder.encode_basestring_ascii
    return make and make(_containers, _other, escape, None, ": ", ", ", False, False, False)


_encode = _encoder() if tuning.PLAIN_JSON else None


def _written(value):
    """The value as JSON."""
    if _encode is None:
        return _plain.encode(value).encode()
    try:
        return _join(_encode(value, 0)).encode()
    except BaseException:
        _containers.clear()
        raise
