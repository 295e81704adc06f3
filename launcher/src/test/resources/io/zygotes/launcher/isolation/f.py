"""A hostile lambda: runs a group of attacks and tells how they ended."""

import probe


def f(event):
    if event is None:
        return "awake"
    report = probe.Report(event)
    __import__(event["group"]).run(report)
    return report.rows
