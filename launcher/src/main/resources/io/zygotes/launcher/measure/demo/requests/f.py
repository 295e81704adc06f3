import requests


def f(event):
    # Only prepared, not sent: the demo measures starts, not the network.
    return {"url": requests.Request("GET", "http://localhost/", params=event).prepare().url}
