import requests


def f(event):
    # Only prepared, not sent: starts are measured, not the network.
    with requests.Session() as session:
        request = session.prepare_request(requests.Request("GET", "https://example.com/", params=event))
    assert request.url.startswith("https://example.com/?")
    return event
