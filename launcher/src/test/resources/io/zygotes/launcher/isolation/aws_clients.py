"""What people do with boto3, against a worker: python3 aws_clients.py URL KEY SECRET. Ends with 0 if all is right."""

import base64
import io
import json
import sys
import time
import urllib.request
import zipfile

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

CODE = """
import os

def f(event, context=None):
    print("printed by", event.get("name"))
    if "raise" in event:
        raise ValueError(event["raise"])
    return {"hello": event.get("name"), "greeting": os.environ.get("GREETING"), "revision": %d}
"""
HANDLER = """
def handler(event, context):
    assert context.get_remaining_time_in_millis() > 0
    return [event, context.function_name, context.function_version, context.invoked_function_arn,
            context.aws_request_id, context.client_context and context.client_context.custom]
"""
# Each answer is looked at as it is: a client that tries again would hide some.
ONCE = {"retries": {"max_attempts": 0}}


def zipped(revision, name="f.py", code=CODE):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, code % revision if "%d" in code else code)
    return data.getvalue()


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return error.response
    raise AssertionError("not refused with " + code)


def answer_of(response):
    return json.loads(response["Payload"].read())


def client_for(url, key, secret, **more):
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(**ONCE, **more),
    )


def functions(client):
    made = client.create_function(
        FunctionName="made",
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="f.f",
        Code={"ZipFile": zipped(1)},
        Timeout=20,
        MemorySize=128,
        Description="made by boto3",
        Environment={"Variables": {"GREETING": "good day"}},
    )
    assert made["Version"] == "$LATEST" and made["MemorySize"] == 128, made
    refused(
        "ResourceConflictException",
        client.create_function,
        FunctionName="made",
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="f.f",
        Code={"ZipFile": zipped(1)},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="made")
    names = [f["FunctionName"] for page in client.get_paginator("list_functions").paginate() for f in page["Functions"]]
    assert "made" in names and "plain" in names, names
    code = client.get_function(FunctionName=made["FunctionArn"])["Code"]["Location"]
    with urllib.request.urlopen(code) as response:
        assert "f.py" in zipfile.ZipFile(io.BytesIO(response.read())).namelist()


def calls(client):
    response = client.invoke(FunctionName="made", Payload=json.dumps({"name": "you"}))
    assert response["StatusCode"] == 200 and response["ExecutedVersion"] == "$LATEST", response
    assert "FunctionError" not in response, response
    assert answer_of(response) == {"hello": "you", "greeting": "good day", "revision": 1}
    # What is printed comes by another thread of the worker, which may be late.
    for _ in range(100):
        response = client.invoke(FunctionName="made", Payload=b'{"name": "log"}', LogType="Tail")
        log = base64.b64decode(response["LogResult"]).decode()
        if "printed by log" in log:
            break
        time.sleep(0.1)
    assert log.startswith("START RequestId: ") and "printed by log\n" in log and "\nREPORT " in log, log
    response = client.invoke(FunctionName="made", Payload=b'{"raise": "on purpose"}')
    assert response["FunctionError"] == "Unhandled", response
    error = answer_of(response)
    assert error["errorType"] == "ValueError" and error["errorMessage"] == "on purpose", error
    assert any("raise ValueError" in frame for frame in error["stackTrace"]), error
    assert client.invoke(FunctionName="made", InvocationType="DryRun")["StatusCode"] == 204
    assert client.invoke(FunctionName="made", InvocationType="Event", Payload=b'{"name": "event"}')["StatusCode"] == 202
    refused("InvalidRequestContentException", client.invoke, FunctionName="made", Payload=b"{")
    refused("ResourceNotFoundException", client.invoke, FunctionName="nobody")
    stream = client.invoke_with_response_stream(FunctionName="made", Payload=b'{"name": "stream"}')["EventStream"]
    events = list(stream)
    assert json.loads(events[0]["PayloadChunk"]["Payload"])["hello"] == "stream", events
    assert "InvokeComplete" in events[-1], events
    assert answer_of(client.invoke(FunctionName="plain", Payload=b"[1]")) == [1]


def contexts(client):
    client.create_function(
        FunctionName="handled",
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="lambda_function.handler",
        Code={"ZipFile": zipped(1, "lambda_function.py", HANDLER)},
        Publish=True,
    )
    context = base64.b64encode(json.dumps({"custom": {"k": "vä"}}).encode()).decode()
    arn = "arn:aws:lambda:us-east-1:000000000000:function:handled"
    response = client.invoke(FunctionName="handled", Payload=b'{"a": 1}', ClientContext=context)
    request = response["ResponseMetadata"]["RequestId"]
    assert answer_of(response) == [{"a": 1}, "handled", "$LATEST", arn, request, {"k": "vä"}]
    published = answer_of(client.invoke(FunctionName="handled", Qualifier="1"))
    assert published[:4] == [{}, "handled", "1", arn + ":1"], published
    client.delete_function(FunctionName="handled")


def versions(client):
    assert client.publish_version(FunctionName="made")["Version"] == "1"
    alias = client.create_alias(FunctionName="made", Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName="made", ZipFile=zipped(2))
    client.update_function_configuration(FunctionName="made", Environment={"Variables": {"GREETING": "good night"}})
    client.get_waiter("function_updated_v2").wait(FunctionName="made")
    latest = answer_of(client.invoke(FunctionName="made", Payload=b"{}"))
    assert (latest["revision"], latest["greeting"]) == (2, "good night"), latest
    for name in ({"FunctionName": "made", "Qualifier": "live"}, {"FunctionName": alias["AliasArn"]}):
        response = client.invoke(Payload=b"{}", **name)
        assert response["ExecutedVersion"] == "1", response
        before = answer_of(response)
        assert (before["revision"], before["greeting"]) == (1, "good day"), before
    listed = client.list_versions_by_function(FunctionName="made")["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1"], listed


def bounds_and_urls(client):
    client.put_function_concurrency(FunctionName="made", ReservedConcurrentExecutions=0)
    error = refused("TooManyRequestsException", client.invoke, FunctionName="made")
    assert error["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded", error
    assert client.get_function_concurrency(FunctionName="made")["ReservedConcurrentExecutions"] == 0
    client.delete_function_concurrency(FunctionName="made")
    url = client.create_function_url_config(FunctionName="plain", AuthType="NONE")["FunctionUrl"]
    with urllib.request.urlopen(url + "below", data=b'{"a": 1}') as response:
        assert response.status == 200


def who_may(url, key, secret):
    refused("InvalidSignatureException", client_for(url, key, secret + "x").invoke, FunctionName="made")
    refused("UnrecognizedClientException", client_for(url, "nobody", secret).list_functions)
    unsigned = client_for(url, key, secret, signature_version=botocore.UNSIGNED)
    refused("MissingAuthenticationTokenException", unsigned.invoke, FunctionName="made")


def main(url, key, secret):
    client = client_for(url, key, secret)
    functions(client)
    calls(client)
    contexts(client)
    versions(client)
    bounds_and_urls(client)
    who_may(url, key, secret)
    client.delete_function(FunctionName="made")
    refused("ResourceNotFoundException", client.get_function, FunctionName="made")


main(*sys.argv[1:])
