import flask

app = flask.Flask(__name__)


@app.route("/")
def index():
    return flask.jsonify(hello="world")


def f(event):
    assert app.test_client().get("/").get_json() == {"hello": "world"}
    return event
