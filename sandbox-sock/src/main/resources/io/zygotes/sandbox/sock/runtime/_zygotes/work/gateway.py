"""Requests as an HTTP gateway hands them to functions, as events, and answers as functions give them to it.

The form is 2.0 of API Gateway's HTTP APIs, which function URLs of AWS Lambda have as well; events in form 1.0 are
understood. Either kind of lambda can be called in either way: a handler over HTTP, a web application with an event.
"""

import json
import time

from .. import wire
from ..protocol import STATUS_BAD_EVENT, STATUS_ERROR, STATUS_OK
from .answers import report, report_of
from .incoming import Call, unquoted
from .outgoing import Answer

ACCOUNT = "000000000000"  # there is none
# What is a text besides "text/...": all else is handed over in base64.
_TEXTS = ("application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded")
_PATIENCE = 60 * 10**9  # nanoseconds: what a call before the first fork has is known to the worker alone


def proxy_event(call):
    """The event for a request."""
    headers = call.joined()
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    now = time.time()
    client = call.client.rpartition(":")[0].strip("[]")
    body, is_base64 = _text_or_base64(call.body, headers.get("content-type", ""), headers.get("content-encoding"))
    path = call.path.decode("utf-8", "replace")
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": call.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "zygotes",
            "domainName": call.server,
            "domainPrefix": call.server.split(".")[0],
            "http": {
                "method": call.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": client,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": call.id,
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": is_base64,
    }
    if cookies:
        event["cookies"] = cookies
    if call.query:
        event["queryStringParameters"] = _parameters(call.query)
    if call.body:
        event["body"] = body
    return event


def _parameters(query):
    found = {}
    for part in query.split("&"):
        name, _, value = (unquoted(text.replace("+", " ")).decode("utf-8", "replace") for text in part.partition("="))
        if name:
            found[name] = found[name] + "," + value if name in found else value
    return found


def _text_or_base64(body, content_type, encoding):
    """The body as a text, and whether it is base64."""
    kind = content_type.partition(";")[0].strip().lower()
    if not encoding and (not kind or kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+json", "+xml"))):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    import base64

    return base64.b64encode(body).decode(), True


def respond(result, body, out):
    """Writes what a handler returned. body is the same as JSON. Returns the last frame."""
    if not isinstance(result, dict) or "statusCode" not in result:
        out.start(200, [("Content-Type", "application/json")])
        return out.whole(result.encode() if isinstance(result, str) else body)
    headers = [(str(name), _value(value)) for name, value in (result.get("headers") or {}).items()]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers = [field for field in headers if field[0].lower() != name.lower()]
        headers += [(str(name), _value(value)) for value in values]
    headers += [("Set-Cookie", str(cookie)) for cookie in result.get("cookies") or ()]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    out.start(int(result["statusCode"]), headers)
    content = result.get("body")
    if content is None:
        return out.whole(b"")
    if result.get("isBase64Encoded"):
        import base64

        return out.whole(base64.b64decode(content))
    return out.whole(content.encode() if isinstance(content, str) else json.dumps(content).encode())


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class _Collected:
    """As outgoing.Answer, kept for a caller that wants it as a value."""

    def __init__(self, request):
        self._checked = Answer(request, None)  # for what it refuses
        self._status, self._fields, self._parts, self._error = None, (), [], None
        self.begun = self.cancelled = False

    def start(self, status, fields):
        self._checked.start(status, fields)
        self._status, self._fields = status, list(fields)

    def write(self, part):
        self.begun = True
        self._parts.append(part)

    def whole(self, body):
        self.write(body)

    def end(self):
        self.begun = True

    def fail(self, error):
        self._error = report_of(error)

    def look(self):
        """Nobody takes a value back."""

    def reply(self):
        if self._error is not None:
            return STATUS_ERROR, self._error
        return STATUS_OK, json.dumps(proxy_answer(self._status, self._fields, b"".join(self._parts))).encode()


class Application:
    """An entry that is a web application. What is one of a kind says how it is run."""

    def __init__(self, application):
        self.application = application

    def run(self, call, answer):
        """Runs it for a request. Returns what the answer returns at its end."""
        raise NotImplementedError

    def handle(self, message, send):
        call = Call(message)
        if call.is_request:
            return self.run(call, Answer(call, send))
        return wire.reply(*self._as_event(call))

    def prime(self, event):
        return self._as_event(call_of(event))

    def _as_event(self, call):
        """Status and body of a reply to an event, which describes a request."""
        try:
            request = request_of(call)
        except Exception as error:
            return STATUS_BAD_EVENT, report("the event describes no request: %s: %s" % (type(error).__name__, error))
        answer = _Collected(request)
        self.run(request, answer)
        return answer.reply()


def call_of(event):
    """A call with an event, for the time before there are any."""
    call = object.__new__(Call)
    call.is_request, call.id, call.body, call.fields = False, "", event, []
    call.deadline = time.monotonic_ns() + _PATIENCE
    call.fields = []
    return call


def request_of(call):
    """The request that an event describes, in the form 2.0 or 1.0 of a gateway's. What is left out has its default."""
    event = json.loads(call.body) if call.body else {}
    if not isinstance(event, dict):
        raise TypeError("an event for a web application must describe a request: an object with method and path")
    http = (event.get("requestContext") or {}).get("http") or {}
    request = object.__new__(Call)
    request.is_request = True
    request.id, request.deadline = call.id, call.deadline
    request.method = event.get("httpMethod") or event.get("method") or http.get("method") or "GET"
    request.raw_path = _quoted(event.get("rawPath") or event.get("path") or http.get("path") or "/")
    request.query = event.get("rawQueryString") or _query(event)
    request.base, request.scheme, request.server, request.client = "", "http", "", http.get("sourceIp") or ""
    request.fields = _fields(event)
    body = event.get("body")
    if body is None:
        request.body = b""
    elif event.get("isBase64Encoded"):
        import base64

        request.body = base64.b64decode(body)
    else:
        request.body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return request


def _quoted(path):
    """A path in which some may stand as they are read, and others already as they are sent."""
    from urllib.parse import quote

    return quote(path, safe="/%:@!$&'()*+,;=~")


def _query(event):
    from urllib.parse import urlencode

    several = event.get("multiValueQueryStringParameters")
    return urlencode(several, doseq=True) if several else urlencode(event.get("queryStringParameters") or {})


def _fields(event):
    several = event.get("multiValueHeaders")
    if several:
        fields = [(name.lower(), str(value)) for name, values in several.items() for value in values]
    else:
        fields = [(name.lower(), _value(value)) for name, value in (event.get("headers") or {}).items()]
    if event.get("cookies"):
        fields.append(("cookie", "; ".join(event["cookies"])))
    return fields


def proxy_answer(status, fields, body):
    """What a handler would return for an answer over HTTP."""
    headers, cookies = {}, []
    for name, value in fields:
        if name.lower() == "set-cookie":
            cookies.append(value)
        else:
            headers[name.lower()] = headers[name.lower()] + "," + value if name.lower() in headers else value
    text, is_base64 = _text_or_base64(body, headers.get("content-type", ""), headers.get("content-encoding"))
    result = {"statusCode": status, "headers": headers, "body": text, "isBase64Encoded": is_base64}
    if cookies:
        result["cookies"] = cookies
    return result
