"""As AWS Lambda's console begins one: over HTTP the event is a request, by invoke it is what was sent."""

import json


def lambda_handler(event, context):
    if "requestContext" not in event:
        return {"event": event, "left": context.get_remaining_time_in_millis() > 0}
    asked = {"method": event["requestContext"]["http"]["method"], "path": event["rawPath"]}
    return {"statusCode": 200, "headers": {"X-Request": context.aws_request_id}, "body": json.dumps(asked)}
