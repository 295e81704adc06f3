import numpy


def f(event):
    return {"sum": int(numpy.arange(event["n"]).sum())}
