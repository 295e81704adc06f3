"""One call of a lambda's function: its event, its answer, and what is said of its errors.

What fails here is code of the lambda, which also has a part in how its errors are told: it must never end the leaf.
"""

import json
import sys
import traceback

from .. import tuning, wire
from ..protocol import KEY_ERROR, KEY_TRACEBACK, STATUS_BAD_EVENT, STATUS_ERROR, STATUS_OK

_LONGEST = 1 << 16  # characters of an exception's text, and of a traceback
# Bound as wire.py says; the first, whatever a metaclass says.
_name_of = type.__dict__["__name__"].__get__
_join = "".join
_parse = wire.parse


def answer(function, body):
    """Status and body of the reply to one call."""
    if body:
        try:
            event = _parse(body)
        except (ValueError, RecursionError) as error:
            return STATUS_BAD_EVENT, _report("the request's body is not JSON: %s" % error)
    else:
        event = None
    try:
        result = function(event)
    except SystemExit as error:
        return STATUS_ERROR, _report(_said_by_exit(error), user_traceback(error))
    except BaseException as error:
        return STATUS_ERROR, _report(said(error), user_traceback(error))
    try:
        return STATUS_OK, _written(result)
    except BaseException as error:  # a dict may be a class of the lambda's, with code of its own
        return STATUS_ERROR, _report("what the lambda returned cannot be written as JSON: %s" % said(error))


def flush():
    """Passes on what was printed and does not end a line."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
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
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
            trace = trace.tb_next
        return _shortened("".join(traceback.format_exception(type(error), error, trace)))
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


def _report(message, trace=None):
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
