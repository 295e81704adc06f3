import boto3


def f(event):
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    # Only signed, not sent: starts are measured, not the network.
    url = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    assert "bucket" in url
    return event
