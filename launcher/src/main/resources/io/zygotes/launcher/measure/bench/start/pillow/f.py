import io

from PIL import Image


def f(event):
    image = Image.new("RGB", (640, 480), "navy")
    image.thumbnail((64, 64))
    file = io.BytesIO()
    image.save(file, "JPEG")
    assert Image.open(io.BytesIO(file.getvalue())).size == (64, 48)
    return event
