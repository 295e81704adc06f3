import io

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot


def f(event):
    figure, axes = pyplot.subplots(figsize=(2, 2))
    axes.plot([1, 2, 3], [1, 4, 9])
    file = io.BytesIO()
    figure.savefig(file, format="png")
    pyplot.close(figure)
    assert file.getvalue().startswith(b"\x89PNG")
    return event
