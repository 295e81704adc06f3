"""What a call of a lambda runs: its function f, a handler of AWS Lambda's kind, or a web application.

Which one is found once, when the lambda's code was imported. An entry has two methods:

    handle(message, send)    answers a FRAME_CALL, and returns the last frame of the answer; send takes those before it
    prime(event)             calls it before the first fork; status and body of a reply, as answers.answer
"""

import os

from .. import wire
from .answers import answer
from .asgi import Asgi, is_asgi
from .aws import Handler
from .incoming import body_of
from .wsgi import Wsgi

_reply = wire.reply
_FILE, _WSGI, _ASGI, _HANDLER = b"OL_ENTRY_FILE", b"OL_WSGI_ENTRY", b"OL_ASGI_ENTRY", b"_HANDLER"
_DEFAULT = "f.py"
# What is below os.environ. That one raises exceptions, in code that each leaf would write to for the first time.
_variables = os.environ._data


class Function:
    """A function of one argument, the event."""

    def __init__(self, function):
        self._function = function

    def handle(self, message, send):
        return _reply(*answer(self._function, body_of(message)))

    def prime(self, event):
        return answer(self._function, event)


def module():
    """The module that the lambda begins with, and the attribute that is named with it, which is None if none is."""
    handler = _variable(_HANDLER)
    if handler:
        name, _, attribute = handler.rpartition(".")
        return name.replace("/", "."), attribute
    file = _variable(_FILE) or _DEFAULT
    if file == _DEFAULT:
        return "f", None
    return (file[:-3] if file.endswith(".py") else file).strip("/").replace("/", "."), None


def _variable(name):
    value = _variables.get(name)
    return value and os.fsdecode(value)


def find(code, handler):
    """The entry in the module of the lambda's code. handler is what it is called there, if it is AWS Lambda's kind."""
    if handler is not None:
        return Handler(_named(code, handler, _HANDLER.decode()))
    for variable, kind in ((_WSGI, Wsgi), (_ASGI, Asgi)):
        name = _variable(variable)
        if name:
            return kind(_named(code, name, variable.decode()))
    found = code.__dict__
    if callable(found.get("f")):
        return Function(found["f"])
    for name in ("app", "application"):
        if callable(found.get(name)):
            return (Asgi if is_asgi(found[name]) else Wsgi)(found[name])
    if callable(found.get("lambda_handler")):
        return Handler(found["lambda_handler"])
    raise AttributeError(
        "%s has no function f(event), no app and no lambda_handler(event, context)%s" % (_said(code), _instead(found))
    )


def _named(code, name, variable):
    value = code
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise AttributeError("%s has no %s, which %s names" % (_said(code), name, variable)) from None
    if not callable(value):
        raise TypeError(
            "%s of %s, which %s names, is of type %s and cannot be called"
            % (name, _said(code), variable, type(value).__name__)
        )
    return value


def _instead(found):
    for name in ("f", "app", "lambda_handler"):
        if name in found:
            return "; its %s is of type %s, which cannot be called" % (name, type(found[name]).__name__)
    for name in ("handler", "main"):
        if callable(found.get(name)):
            return "; it has %s: name it in ol.yaml, as 'handler: %s.%s'" % (name, found["__name__"], name)
    return ""


def _said(code):
    return code.__name__.replace(".", "/") + ".py"
