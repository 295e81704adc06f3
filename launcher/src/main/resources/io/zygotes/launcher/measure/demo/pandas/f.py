import pandas


def f(event):
    n = event["n"]
    frame = pandas.DataFrame({"key": [i % 3 for i in range(n)], "value": range(n)})
    return {str(key): int(value) for key, value in frame.groupby("key")["value"].sum().items()}
