"""A small shop: http://localhost:5000/run/flask/items/7"""

from flask import Flask, Response, request

app = Flask(__name__)
items = {7: "seven"}


@app.get("/items/<int:number>")
def show(number):
    if number not in items:
        return {"error": "there is no item %d" % number}, 404
    return {"item": items[number]}


@app.put("/items/<int:number>")
def put(number):
    return {"item": request.get_json()["name"]}, 201, {"Location": request.path}


@app.get("/slowly")
def slowly():
    """Each part is with the client before the next one is made."""
    return Response(("part %d\n" % number for number in range(3)), mimetype="text/plain")
