import flask

app = flask.Flask(__name__)


@app.route("/")
def index():
    return "hello"


def f(event):
    return {"page": app.test_client().get("/").get_data(as_text=True)}
