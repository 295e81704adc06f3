import pandas


def f(event):
    frame = pandas.DataFrame({"key": [i % 3 for i in range(30)], "value": range(30)})
    assert frame.groupby("key")["value"].sum().sum() == 435
    return event
