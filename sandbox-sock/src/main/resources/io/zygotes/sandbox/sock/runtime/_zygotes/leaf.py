"""A leaf: imports f.py once, then answers calls until it is killed."""

import array
import importlib.machinery
import importlib.util
import json
import marshal
import os
import sys
import time
import traceback

from . import kernel, setup, wire

_SOURCE = setup.HANDLER + "/f.py"
_BYTE_CODE = setup.HANDLER + "/__pycache__/f." + sys.implementation.cache_tag + ".pyc"
_LONGEST = 1 << 16  # characters of an exception's text, and of a traceback
_PART, _LARGE_PART = 1 << 12, 1 << 20  # most byte code fits into the first, and so does the room for it
_UNCHECKED = b"\x01\x00\x00\x00"  # PEP 552: a hash stands in the file, and nobody compares it


# Made in the zygote, ready in every child: all lambdas have the same name for their module.
_LOADER = importlib.machinery.SourceFileLoader("f", _SOURCE)
_MODULE = importlib.util.module_from_spec(importlib.util.spec_from_file_location("f", _SOURCE, loader=_LOADER))
_name_of = type.__dict__["__name__"].__get__  # whatever a metaclass says
_MAGIC = importlib.util.MAGIC_NUMBER + _UNCHECKED
# Bound before a package may have put something else in their place, and as wire.py says.
_open, _read, _close, _urandom, _now = os.open, os.read, os.close, os.urandom, time.perf_counter_ns
_loads, _array, _join = marshal.loads, array.array, "".join
_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC


def byte_code(path):
    """The code of f.py as the worker compiled it ahead, or None. The folder never changes, so nothing is compared."""
    try:
        descriptor = _open(path, _READ_ONLY)
    except FileNotFoundError:
        return None
    try:
        data = _read(descriptor, _PART)
        if len(data) == _PART:
            parts = [data]
            while parts[-1]:
                parts.append(_read(descriptor, _LARGE_PART))
            data = b"".join(parts)
    finally:
        _close(descriptor)
    if data[:8] != _MAGIC:
        return None
    return _loads(memoryview(data)[16:])


def _import_f(path=_BYTE_CODE):
    sys.modules["f"] = _MODULE
    code = byte_code(path)
    if code is None:
        _LOADER.exec_module(_MODULE)
    else:
        exec(code, _MODULE.__dict__)
    function = _MODULE.__dict__.get("f")
    if not callable(function):
        raise AttributeError("f.py has no function f(event)")
    return function


# Of numpy's global generator, as numpy.random.set_state takes it. The key is the whole of the Mersenne Twister's state.
_STATE = {"bit_generator": "MT19937", "state": {"key": None, "pos": 624}, "has_gauss": 0, "gauss": 0.0}


def reseed():
    """Children of one zygote must not draw the same numbers. random.random() is reseeded by Python itself.

    Generators that a package made for itself while it was imported are not known here.
    """
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        # A quarter of the time of numpy.random.seed(), which hashes what it gets from the kernel.
        _STATE["state"]["key"] = _array("I", _urandom(4 * 624))
        try:
            numpy_random.set_state(_STATE)
        except (TypeError, ValueError):
            numpy_random.seed()  # a numpy before 1.17, or another generator was set


def _shortened(text):
    if len(text) <= _LONGEST:
        return text
    part = _LONGEST // 2
    return "%s\n… (%d characters are left out) …\n%s" % (text[:part], len(text) - 2 * part, text[-part:])


def _user_traceback(error):
    """The traceback without the frames of this package. Empty if code of the lambda, which has a part in it, fails."""
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
            trace = trace.tb_next
        return _shortened("".join(traceback.format_exception(type(error), error, trace)))
    except BaseException:
        return ""


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # closed or replaced by the lambda: its own business


def _reap():
    """As pid 1 it inherits orphans; ended ones count against the limit of processes until they are waited for."""
    while _wait_for_any() > 0:
        pass


def _error(message, trace=None):
    report = {"error": _shortened(message)}
    if trace:
        report["traceback"] = trace
    return json.dumps(report).encode()


def _said(error):
    """An exception in one line. Its text is made by code of the lambda, which may fail."""
    name = _name_of(type(error))
    try:
        return _shortened("%s: %s" % (name, error))
    except BaseException:
        return "%s, whose text cannot be made" % name


def _said_by_exit(error):
    try:
        return "the lambda called sys.exit(%r)" % (error.code,)
    except BaseException:
        return "the lambda called sys.exit with something whose text cannot be made"


_plain = json.JSONEncoder(allow_nan=False)
_containers = {}  # those that are being written, to find circles by


def _other(value):
    return _plain.default(value)  # looked for at each call: some packages put a method of theirs in its place


def _encoder():
    """What json.JSONEncoder makes anew for each value. None where it is not written in C."""
    make, escape = json.encoder.c_make_encoder, json.encoder.encode_basestring_ascii
    return make and make(_containers, _other, escape, None, ": ", ", ", False, False, False)


_encode = _encoder()


def _written(value):
    """The value as JSON."""
    if _encode is None:
        return _plain.encode(value).encode()
    try:
        return _join(_encode(value, 0)).encode()
    except BaseException:
        _containers.clear()
        raise


def answer(function, body):
    """Status and body of the reply to one call."""
    if body:
        try:
            event = wire.parse(body)
        except (ValueError, RecursionError) as error:
            return 400, _error("the request's body is not JSON: %s" % error)
    else:
        event = None
    try:
        result = function(event)
    except SystemExit as error:
        return 500, _error(_said_by_exit(error), _user_traceback(error))
    except BaseException as error:
        return 500, _error(_said(error), _user_traceback(error))
    try:
        return 200, _written(result)
    except BaseException as error:  # a dict may be a class of the lambda's, with code of its own
        return 500, _error("what the lambda returned cannot be written as JSON: %s" % _said(error))


def become(instructions):
    """Makes the process the lambda's, up to the import of its code."""
    # A child of a zygote is told only what differs from the zygote.
    if "environment" in instructions:
        setup.set_environment(instructions["environment"])
    sys.path.insert(0, setup.HANDLER)
    if "packages" in instructions:
        setup.add_packages(instructions["packages"])


def rehearse(path):
    """Becomes a lambda with this byte code, and no longer is one."""
    become({})
    _import_f(path)
    del sys.path[0], sys.modules["f"], _MODULE.__dict__["f"]


is_called = kernel.look_for_input(wire.CHANNEL)
_wait_for_any = kernel.wait_for_any_child()


def _ready(started, ended):
    return wire.ready(ended - started, _now() - ended)


def serve(channel, function, orphans, imported=None):
    """Answers one call. Orphans are waited for before it only if there may be some.

    imported is when the import of f.py began and ended, if the worker was not told yet.
    """
    kind, body = wire.receive_frame(channel)
    if kind != wire.CALL:
        raise ValueError("a leaf got a message of kind %d" % kind)
    if orphans:
        _reap()  # what ended after the last call, and while it was frozen
    status, reply = answer(function, body)
    news = wire.reply(status, reply)
    if imported is not None:
        # The worker would only be woken up for it, perhaps on the processor that this leaf needs.
        news = _ready(*imported) + news
    wire.send(channel, news)
    _flush()  # what ends in the middle of a line; nobody waits for it


def main(instructions):
    """Serves calls. Never returns normally."""
    reseed()
    main_of_spare(instructions)


def main_of_spare(instructions):
    """As main, for a leaf that did what it could before it knew its lambda."""
    become(instructions)
    started = _now()
    try:
        function = _import_f()
    except BaseException as error:
        _flush()
        report = {"step": "import", "error": _said(error)}
        report["traceback"] = _user_traceback(error)
        wire.send_frame(wire.CHANNEL, wire.FAILED, json.dumps(report).encode())
        os._exit(1)
    imported = started, _now()
    if not is_called():
        wire.send(wire.CHANNEL, _ready(*imported))
        imported = None
    serve(wire.CHANNEL, function, False, imported)
    while True:
        _reap()
        serve(wire.CHANNEL, function, True)
