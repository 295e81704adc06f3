"""Handlers of AWS Lambda's kind: functions of an event and a context."""

import json
import os
import time

from .. import wire
from ..protocol import STATUS_ERROR, STATUS_OK
from .answers import answer, report
from .gateway import ACCOUNT, call_of, proxy_event, respond
from .incoming import Call
from .outgoing import Answer

_NANOS_PER_MILLI = 1000000


class Handler:
    """An entry that is a handler."""

    def __init__(self, function):
        self._function = function

    def handle(self, message, send):
        call = Call(message)
        if not call.is_request:
            return wire.reply(*self._answer(call, call.body))
        kept = []
        status, body = self._answer(call, json.dumps(proxy_event(call)).encode(), kept.append)
        if status != STATUS_OK:
            return wire.reply(status, body)
        out = Answer(call, send)
        try:
            return respond(kept[0], body, out)
        except Exception as error:
            return wire.reply(STATUS_ERROR, report("what the lambda returned is no answer over HTTP: %s" % error))

    def prime(self, event):
        return self._answer(call_of(event), event)

    def _answer(self, call, body, keep=None):
        context = Context(call)

        def call_it(event):
            result = self._function(event, context)
            return result if keep is None else _kept(result, keep)

        return answer(call_it, body)


def _kept(result, keep):
    """The same, and told to keep; what is awaited is told when it is there."""
    if hasattr(result, "__await__"):

        async def awaited():
            value = await result
            keep(value)
            return value

        return awaited()
    keep(result)
    return result


# What the worker tells of a call beside what every call has, by names of AWS Lambda's Runtime API.
_ARN, _CLIENT_CONTEXT = "lambda-runtime-invoked-function-arn", "lambda-runtime-client-context"


class Client:
    """The application that called, as it says."""

    def __init__(self, told):
        self.installation_id = told.get("installation_id")
        self.app_title = told.get("app_title")
        self.app_version_name = told.get("app_version_name")
        self.app_version_code = told.get("app_version_code")
        self.app_package_name = told.get("app_package_name")


class ClientContext:
    """What the caller says of itself and of where it runs."""

    def __init__(self, told):
        self.custom = told.get("custom")
        self.env = told.get("env")
        self.client = Client(told["client"]) if isinstance(told.get("client"), dict) else None


class CognitoIdentity:
    """Who called, as another service knows: nobody here."""

    cognito_identity_id = cognito_identity_pool_id = None


class Context:
    """What a handler gets beside its event. Names are those of AWS Lambda's Python runtime."""

    def __init__(self, call):
        self._deadline = call.deadline
        self.aws_request_id = call.id
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
        self.log_group_name = "/aws/lambda/" + self.function_name
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", self.function_name)
        told = dict(call.fields)
        self.invoked_function_arn = told.get(_ARN) or "arn:aws:lambda:%s:%s:function:%s" % (
            os.environ.get("AWS_REGION", "us-east-1"),
            ACCOUNT,
            self.function_name,
        )
        context = told.get(_CLIENT_CONTEXT)
        self.client_context = ClientContext(json.loads(context.encode("latin-1"))) if context else None
        self.identity = CognitoIdentity()
        self.tenant_id = None

    def get_remaining_time_in_millis(self):
        return max(0, (self._deadline - time.monotonic_ns()) // _NANOS_PER_MILLI)

    def log(self, message):
        print(message)
