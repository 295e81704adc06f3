"""What somebody would do with a package first, for those that are well known. Each answers with the same each time.

Nothing here talks to a network, nor changes anything outside of its objects.
"""

import io

_EXERCISES = {}


def _of(*names):
    def remember(exercise):
        for name in names:
            _EXERCISES[name] = exercise
        return exercise

    return remember


def run(name):
    """Uses a package, by its normalised name; None if nobody has written down how."""
    return _EXERCISES[name]() if name in _EXERCISES else None


@_of("absl-py")
def _absl():
    from absl import flags

    values = flags.FlagValues()
    flags.DEFINE_integer("depth", 3, "how deep", flag_values=values)
    values(["program", "--depth=5"])
    return values.depth


@_of("aiohttp")
def _aiohttp():
    from aiohttp import web

    application = web.Application()
    application.router.add_get("/a/{name}", _answer)
    return [resource.canonical for resource in application.router.resources()]


async def _answer(request):
    return request


@_of("alembic")
def _alembic():
    from alembic.config import Config
    from alembic.script import revision

    return Config().get_main_option("none", "nothing"), revision.Revision("1", None).is_base


@_of("arrow")
def _arrow():
    import arrow

    return arrow.get("2024-02-29T12:00:00+01:00").shift(years=1).to("UTC").isoformat()


@_of("asgiref")
def _asgiref():
    from asgiref.sync import async_to_sync

    async def twice(number):
        return 2 * number

    return async_to_sync(twice)(21)


@_of("attrs")
def _attrs():
    import attr

    kind = attr.make_class("Point", ["x", "y"])
    return kind(1, 2), kind(1, 2) == kind(1, 2), attr.asdict(kind(3, 4))


@_of("babel")
def _babel():
    import datetime

    from babel.dates import format_date
    from babel.numbers import format_decimal

    return format_decimal(12345.678, locale="de"), format_date(datetime.date(2024, 2, 29), locale="fr")


@_of("bcrypt")
def _bcrypt():
    import bcrypt

    return bcrypt.hashpw(b"secret", b"$2b$04$abcdefghijklmnopqrstuu"), len(bcrypt.gensalt(4))


@_of("beautifulsoup4", "bs4", "soupsieve")
def _soup():
    from bs4 import BeautifulSoup

    page = BeautifulSoup("<ul><li class=a>one</li><li>two</li></ul>", "html.parser")
    return [each.text for each in page.select("li.a, li:last-child")]


@_of("bleach")
def _bleach():
    import bleach

    return bleach.clean("<b>bold</b><script>x</script>"), bleach.linkify("see http://example.com")


@_of("boto3", "botocore", "s3transfer")
def _botocore():
    import botocore.session

    session = botocore.session.Session()
    return len(session.get_available_services()) > 100, session.get_service_model("s3").operation_names[:2]


@_of("cachetools")
def _cachetools():
    import cachetools

    cache = cachetools.LRUCache(2)
    for number in range(4):
        cache[number] = number * number
    return sorted(cache.items())


@_of("celery", "kombu", "billiard", "vine", "amqp")
def _celery():
    from celery import Celery

    application = Celery("check", broker="memory://")
    application.conf.task_always_eager = True
    return application.task(lambda a, b: a + b, name="check.add").delay(2, 3).get()


@_of("certifi")
def _certifi():
    import certifi

    return len(certifi.contents()) > 100000, certifi.where()


@_of("cffi", "pycparser")
def _cffi():
    import cffi

    interface = cffi.FFI()
    interface.cdef("size_t strlen(const char *);")
    return interface.dlopen(None).strlen(b"twelve chars")


@_of("chardet")
def _chardet():
    import chardet

    return chardet.detect("Füße auf der Straße, größer als gewöhnlich".encode("utf-8"))


@_of("charset-normalizer")
def _charset_normalizer():
    import charset_normalizer

    return charset_normalizer.from_bytes("Привет, мир! Как дела?".encode("cp1251")).best().encoding


@_of("click")
def _click():
    import click
    from click.testing import CliRunner

    @click.command()
    @click.option("--count", default=1)
    def hello(count):
        click.echo("hello " * count)

    return CliRunner().invoke(hello, ["--count", "2"]).output


@_of("cloudpickle", "dill")
def _cloudpickle():
    import importlib
    import pickle

    for name in ("cloudpickle", "dill"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        return pickle.loads(module.dumps(lambda number: number + 1))(41)


@_of("contourpy")
def _contourpy():
    import contourpy

    lines = contourpy.contour_generator(z=[[0, 1], [1, 2]]).lines(0.5)
    return [line.tolist() for line in lines]


@_of("cryptography", "pyopenssl")
def _cryptography():
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    key.public_key().verify(key.sign(b"text", ec.ECDSA(hashes.SHA256())), b"text", ec.ECDSA(hashes.SHA256()))
    first, second = Fernet.generate_key(), Fernet.generate_key()
    return Fernet(first).decrypt(Fernet(first).encrypt(b"text")), first != second


@_of("defusedxml")
def _defusedxml():
    from defusedxml.ElementTree import fromstring

    return fromstring("<a><b>1</b></a>")[0].text


@_of("django", "djangorestframework")
def _django():
    from django.conf import settings
    from django.template import Context, Engine

    return settings.configured, Engine().from_string("{{ a|upper }}").render(Context({"a": "text"}))


@_of("dnspython")
def _dnspython():
    import dns.message

    return dns.message.make_query("example.com", "A", id=7).to_text()


@_of("docutils")
def _docutils():
    from docutils.core import publish_parts

    return publish_parts("Title\n=====\n\n*text*", writer_name="html")["body"]


@_of("faker")
def _faker():
    from faker import Faker

    made = Faker()
    made.seed_instance(7)
    return made.name(), made.address(), made.date()


@_of("filelock")
def _filelock():
    import os

    import filelock

    with filelock.FileLock("/tmp/check.lock"):
        there = os.path.exists("/tmp/check.lock")
    if os.path.exists("/tmp/check.lock"):
        os.unlink("/tmp/check.lock")
    return there


@_of("flask", "werkzeug", "itsdangerous", "flask-cors", "flask-sqlalchemy", "flask-wtf", "blinker", "flask-login")
def _flask():
    try:
        import flask
    except ImportError:
        from werkzeug.test import Client
        from werkzeug.wrappers import Response

        return Client(Response("hello")).get("/").text
    application = flask.Flask("check")
    application.add_url_rule("/<name>", view_func=lambda name: flask.jsonify(hello=name), endpoint="hello")
    return application.test_client().get("/you").json


@_of("fonttools")
def _fonttools():
    from fontTools.fontBuilder import FontBuilder

    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({65: "A"})
    return builder.font.getGlyphOrder(), builder.font.getBestCmap()


@_of("gevent")
def _gevent():
    import gevent

    jobs = [gevent.spawn(lambda number=number: number * 2) for number in range(3)]
    gevent.joinall(jobs, timeout=5)
    return [job.value for job in jobs]


@_of("eventlet")
def _eventlet():
    import eventlet

    return list(eventlet.GreenPool().imap(lambda number: number * 2, range(3)))


@_of("greenlet")
def _greenlet():
    import greenlet

    other = greenlet.greenlet(lambda number: number + 1)
    return other.switch(41)


@_of("google-crc32c")
def _crc32c():
    import google_crc32c

    return google_crc32c.value(b"123456789")


@_of("grpcio", "grpcio-status", "protobuf", "googleapis-common-protos", "proto-plus")
def _protobuf():
    from google.protobuf import json_format, struct_pb2

    message = struct_pb2.Struct()
    message["a"] = [1, 2]
    return json_format.MessageToJson(message)


@_of("h5py")
def _h5py():
    import h5py

    with h5py.File(io.BytesIO(), "w") as file:
        file["a"] = [1, 2, 3]
        return file["a"][:].tolist()


@_of("idna")
def _idna():
    import idna

    return idna.encode("straße.example"), idna.decode("xn--strae-oqa.example")


@_of("ipython")
def _ipython():
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell("%time 1\n!ls")


@_of("jax", "jaxlib")
def _jax():
    import jax.numpy as jnp

    return float(jnp.dot(jnp.arange(3.0), jnp.arange(3.0)))


@_of("jedi", "parso")
def _jedi():
    import parso

    return parso.parse("a = 1 + 2\n").children[0].get_code()


@_of("jinja2", "markupsafe")
def _jinja2():
    try:
        from jinja2 import Environment
    except ImportError:
        from markupsafe import escape

        return escape("<a>")
    return Environment(autoescape=True).from_string("{% for n in all %}{{ n }},{% endfor %}").render(all=["<", 2])


@_of("joblib")
def _joblib():
    from joblib import Parallel, delayed, hash

    return Parallel(n_jobs=1)(delayed(abs)(number) for number in (-1, -2)), hash([1, "two"])


@_of("jsonpatch", "jsonpointer")
def _jsonpointer():
    import jsonpointer

    return jsonpointer.resolve_pointer({"a": [1, {"b": 2}]}, "/a/1/b")


@_of("jsonschema", "jsonschema-specifications", "referencing", "fastjsonschema")
def _jsonschema():
    try:
        import jsonschema
    except ImportError:
        return None
    errors = jsonschema.Draft7Validator({"type": "object", "required": ["a"]}).iter_errors({})
    return [error.message for error in errors]


@_of("keras", "tensorflow")
def _tensorflow():
    import tensorflow

    return tensorflow.reduce_sum(tensorflow.constant([1, 2, 3])).numpy().tolist()


@_of("kiwisolver")
def _kiwisolver():
    import kiwisolver

    solver, x = kiwisolver.Solver(), kiwisolver.Variable("x")
    solver.addConstraint(x >= 10)
    solver.updateVariables()
    return x.value()


@_of("lxml")
def _lxml():
    from lxml import etree, html

    tree = etree.fromstring("<a><b c='1'>text</b></a>")
    return tree.xpath("//b/@c"), html.fromstring("<p>one<p>two").xpath("//p/text()")


@_of("mako")
def _mako():
    from mako.template import Template

    return Template("hello ${name}").render(name="you")


@_of("markdown")
def _markdown():
    import markdown

    return markdown.markdown("# Title\n\n* one\n* two", extensions=["tables"])


@_of("markdown-it-py", "mdurl", "mdit-py-plugins")
def _markdown_it():
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        return None
    return MarkdownIt().render("*a* <http://example.com>")


@_of("matplotlib", "cycler", "seaborn")
def _matplotlib():
    try:
        import matplotlib
        from matplotlib import pyplot
    except ImportError:
        return None
    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3])
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    pyplot.close(figure)
    return matplotlib.get_backend(), len(picture.getvalue()) > 5000, picture.getvalue()[:4]


@_of("mistune")
def _mistune():
    import mistune

    return mistune.html("**a** `b`")


@_of("more-itertools")
def _more_itertools():
    import more_itertools

    return list(more_itertools.chunked(range(5), 2))


@_of("msgpack")
def _msgpack():
    import msgpack

    return msgpack.unpackb(msgpack.packb({"a": [1, 2.5, None]}))


@_of("multidict", "yarl", "frozenlist")
def _yarl():
    try:
        import yarl
    except ImportError:
        return None
    return str(yarl.URL("http://example.com/a b").with_query(c="d e"))


@_of("networkx")
def _networkx():
    import networkx

    graph = networkx.path_graph(5)
    return networkx.shortest_path(graph, 0, 4), networkx.pagerank(graph)[2] > 0.2


@_of("nltk")
def _nltk():
    from nltk.stem import PorterStemmer

    return PorterStemmer().stem("running")


@_of("numba", "llvmlite")
def _numba():
    import llvmlite.ir

    return str(llvmlite.ir.IntType(32))


@_of("numexpr")
def _numexpr():
    import numexpr

    return float(numexpr.evaluate("2 * 3 + 1"))


@_of("numpy")
def _numpy():
    import numpy

    matrix = numpy.arange(10000.0).reshape(100, 100)
    product = matrix @ matrix
    values = numpy.linalg.eigvalsh(matrix + matrix.T)
    return product.sum(), round(float(values[-1]), 3), numpy.random.default_rng(7).integers(0, 100, 5).tolist()


@_of("oauthlib", "requests-oauthlib")
def _oauthlib():
    from oauthlib.oauth2 import BackendApplicationClient

    return BackendApplicationClient("me").prepare_request_body()


@_of("openpyxl", "et-xmlfile")
def _openpyxl():
    try:
        import openpyxl
    except ImportError:
        return None
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active["A1"] = 42
    book.save(file)
    return openpyxl.load_workbook(file).active["A1"].value


@_of("orjson", "ujson", "simplejson")
def _json():
    import importlib

    told = []
    for name in ("orjson", "ujson", "simplejson"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        told.append([name, module.dumps({"a": [1, 2.5]}), module.loads("[1, 2.5]")])
    return told


@_of("packaging")
def _packaging():
    from packaging.requirements import Requirement
    from packaging.version import Version

    return Version("1.10") > Version("1.9"), str(Requirement("a[b]>=1; python_version>'3'"))


@_of("pandas")
def _pandas():
    import pandas

    frame = pandas.DataFrame({"a": [1, 2, 2], "b": [0.5, 1.5, 2.5]})
    dates = pandas.date_range("2024-02-27", periods=3, tz="Europe/Berlin")
    return frame.groupby("a").mean().to_json(), dates[-1].isoformat(), frame.to_csv(index=False)


@_of("paramiko", "pynacl")
def _nacl():
    import nacl.signing

    key = nacl.signing.SigningKey(b"k" * 32)
    return key.sign(b"text").signature.hex()


@_of("pexpect", "ptyprocess")
def _ptyprocess():
    import ptyprocess

    process = ptyprocess.PtyProcess.spawn(["/bin/echo", "hello"])
    try:
        return process.read().strip()
    finally:
        process.close(force=True)


@_of("pillow", "imageio")
def _pillow():
    from PIL import Image, ImageDraw

    picture, file = Image.new("RGB", (20, 20), "red"), io.BytesIO()
    ImageDraw.Draw(picture).line((0, 0, 19, 19), fill="blue")
    picture.resize((10, 10)).save(file, "PNG")
    return Image.open(file).size, picture.getpixel((5, 5)), sorted(Image.registered_extensions())[:3]


@_of("platformdirs", "appdirs")
def _platformdirs():
    try:
        import platformdirs
    except ImportError:
        import appdirs as platformdirs
    return platformdirs.user_cache_dir("check")


@_of("plotly")
def _plotly():
    import plotly.graph_objects as objects

    return objects.Figure(objects.Bar(y=[1, 2])).to_json()[:40]


@_of("prettytable", "tabulate")
def _tables():
    try:
        import tabulate
    except ImportError:
        import prettytable

        table = prettytable.PrettyTable(["a", "b"])
        table.add_row([1, 2])
        return table.get_string()
    return tabulate.tabulate([[1, 2]], headers=["a", "b"])


@_of("prometheus-client")
def _prometheus():
    import prometheus_client

    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("calls", "calls", registry=registry).inc(3)
    return [line for line in prometheus_client.generate_latest(registry).decode().splitlines() if "created" not in line]


@_of("prompt-toolkit", "wcwidth")
def _wcwidth():
    import wcwidth

    return wcwidth.wcswidth("コンニチハ")


@_of("psutil")
def _psutil():
    import psutil

    return psutil.Process().name() != "", psutil.pid_exists(1)


@_of("pyarrow")
def _pyarrow():
    import pyarrow

    return pyarrow.table({"a": [1, 2, 3]}).to_pydict(), pyarrow.array([1, None]).null_count


@_of("pyasn1", "pyasn1-modules", "rsa")
def _pyasn1():
    from pyasn1.codec.der import decoder, encoder
    from pyasn1.type import univ

    return int(decoder.decode(encoder.encode(univ.Integer(42)))[0])


@_of("pycryptodome", "pycryptodomex")
def _pycryptodome():
    try:
        from Crypto.Hash import SHA256
    except ImportError:
        from Cryptodome.Hash import SHA256
    return SHA256.new(b"text").hexdigest()


@_of("pydantic", "pydantic-core", "annotated-types", "fastapi")
def _pydantic():
    import pydantic

    model = pydantic.create_model("Model", number=(int, 1), name=(str, ...))
    try:
        model(number="x", name="a")
    except pydantic.ValidationError as error:
        return model(number="5", name="a").number, len(error.errors())


@_of("pygments")
def _pygments():
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    return highlight("a = 'b'", get_lexer_by_name("python"), HtmlFormatter())


@_of("pyjwt")
def _pyjwt():
    import jwt

    token = jwt.encode({"a": 1}, "secret of more than thirty-two bytes", "HS256")
    return token, jwt.decode(token, "secret of more than thirty-two bytes", ["HS256"])


@_of("pymongo")
def _bson():
    import bson

    return bson.decode(bson.encode({"a": [1, "two"]}))


@_of("pyparsing")
def _pyparsing():
    import pyparsing

    return pyparsing.Word(pyparsing.nums).parse_string("123abc").as_list()


@_of("pyproj", "geopandas")
def _pyproj():
    import pyproj

    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(13.4, 52.5)
    return round(x, 2), round(y, 2)


@_of("python-dateutil")
def _dateutil():
    from dateutil import parser, relativedelta, tz

    moment = parser.parse("29 Feb 2024 12:00 CET", tzinfos={"CET": tz.gettz("Europe/Berlin")})
    return (moment + relativedelta.relativedelta(years=1)).isoformat()


@_of("pytz", "tzdata", "tzlocal")
def _zones():
    import datetime

    try:
        import pytz

        return pytz.timezone("Europe/Berlin").localize(datetime.datetime(2024, 7, 1)).isoformat()
    except ImportError:
        import zoneinfo

        return datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")).isoformat()


@_of("pyyaml")
def _yaml():
    import yaml

    return yaml.safe_load("a: [1, yes, 2024-02-29]"), yaml.safe_dump({"a": [1, {"b": None}]}), yaml.__with_libyaml__


@_of("pyzmq")
def _zmq():
    import zmq

    context = zmq.Context()
    first, second = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    try:
        first.bind("inproc://check")
        second.connect("inproc://check")
        first.send(b"text")
        return second.recv() if second.poll(5000) else "nothing came"
    finally:
        first.close(0)
        second.close(0)
        context.term()


@_of("redis")
def _redis():
    import redis

    return redis.Redis().connection_pool.connection_kwargs.get("port", 6379)


@_of("regex")
def _regex():
    import regex

    return regex.findall(r"\p{Lu}\w+", "Ärger und Übel")


@_of("reportlab")
def _reportlab():
    from reportlab.pdfgen import canvas

    file = io.BytesIO()
    page = canvas.Canvas(file, invariant=1)
    page.drawString(100, 100, "hello")
    page.save()
    return file.getvalue()[:8], len(file.getvalue())


@_of("requests", "urllib3", "requests-toolbelt")
def _requests():
    try:
        import requests
    except ImportError:
        import urllib3

        return urllib3.util.parse_url("http://user@example.com:80/a?b#c").netloc
    prepared = requests.Request("POST", "http://example.com/a b", params={"c": "d e"}, json={"f": 1}).prepare()
    return prepared.url, prepared.body, requests.Session().headers["Accept"]


@_of("rich")
def _rich():
    import rich.console
    import rich.table

    file, table = io.StringIO(), rich.table.Table("a", "b")
    table.add_row("1", "2")
    rich.console.Console(file=file, width=40).print(table)
    return file.getvalue()


@_of("rpds-py")
def _rpds():
    import rpds

    return sorted(rpds.HashTrieMap({"a": 1}).insert("b", 2).items())


@_of("ruamel-yaml", "ruamel-yaml-clib")
def _ruamel():
    try:
        from ruamel.yaml import YAML
    except ImportError:
        return None
    return dict(YAML(typ="safe").load("a: 1\nb: [2, 3]"))


@_of("scikit-learn", "threadpoolctl")
def _sklearn():
    try:
        from sklearn.linear_model import LinearRegression
    except ImportError:
        import threadpoolctl

        return [pool["user_api"] for pool in threadpoolctl.threadpool_info()]
    return LinearRegression().fit([[0], [1], [2]], [1, 3, 5]).predict([[3]]).round(6).tolist()


@_of("scikit-image", "pywavelets", "tifffile")
def _skimage():
    import numpy

    try:
        from skimage import filters
    except ImportError:
        return None
    return float(filters.gaussian(numpy.eye(5)).sum().round(6))


@_of("scipy")
def _scipy():
    from scipy import integrate, linalg, optimize

    return (
        round(integrate.quad(lambda x: x * x, 0, 3)[0], 6),
        linalg.det([[1, 2], [3, 4]]).round(6),
        round(float(optimize.brentq(lambda x: x * x - 2, 0, 2)), 6),
    )


@_of("shapely")
def _shapely():
    from shapely import geometry

    return round(geometry.Point(0, 0).buffer(1).area, 3)


@_of("six", "future")
def _six():
    try:
        from six.moves import range as numbers
        from six.moves.urllib.parse import quote
    except ImportError:
        from builtins import range as numbers

        from future.utils import native as quote
    return list(numbers(3)), quote("a b")


@_of("snowballstemmer")
def _snowball():
    import snowballstemmer

    return snowballstemmer.stemmer("german").stemWords(["häuser", "gelaufen"])


@_of("sortedcontainers")
def _sorted():
    from sortedcontainers import SortedDict

    return list(SortedDict({3: "c", 1: "a"}))


@_of("sphinx", "alabaster", "imagesize", "sphinx-rtd-theme")
def _sphinx():
    try:
        from sphinx.util import docstrings
    except ImportError:
        return None
    return docstrings.prepare_docstring("One.\n\n    Two.\n")


@_of("sqlalchemy")
def _sqlalchemy():
    import sqlalchemy

    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("create table t (a integer)"))
        connection.execute(sqlalchemy.text("insert into t values (:a)"), [{"a": 1}, {"a": 2}])
        return connection.execute(sqlalchemy.text("select sum(a) from t")).scalar()


@_of("sqlparse")
def _sqlparse():
    import sqlparse

    return sqlparse.format("select a from b where c", reindent=True, keyword_case="upper")


@_of("sympy", "mpmath")
def _sympy():
    try:
        import sympy
    except ImportError:
        import mpmath

        return str(mpmath.mp.pi)
    x = sympy.Symbol("x")
    return sympy.diff(sympy.sin(x) * x, x), sympy.factor(x**2 - 1)


@_of("tomli", "toml", "tomlkit")
def _toml():
    import importlib

    for name in ("tomli", "toml", "tomlkit"):
        try:
            return dict(importlib.import_module(name).loads("a = [1, 2]\nb = 'c'"))
        except ImportError:
            continue


@_of("torch")
def _torch():
    import torch

    return torch.arange(6.0).reshape(2, 3).sum(0).tolist(), torch.get_num_threads() > 0


@_of("tornado")
def _tornado():
    from tornado import gen, ioloop

    async def late():
        await gen.sleep(0.01)
        return 42

    return ioloop.IOLoop(make_current=False).run_sync(late)


@_of("tqdm")
def _tqdm():
    import tqdm

    file = io.StringIO()
    return sum(tqdm.tqdm(range(5), file=file)), "5/5" in file.getvalue()


@_of("traitlets")
def _traitlets():
    import traitlets

    kind = type("Kind", (traitlets.HasTraits,), {"number": traitlets.Int(1)})
    return kind(number=5).number


@_of("twisted")
def _twisted():
    from twisted.internet import defer

    results = []
    defer.succeed(42).addCallback(results.append)
    return results


@_of("typing-extensions")
def _typing_extensions():
    import typing_extensions

    return typing_extensions.get_origin(typing_extensions.Literal[1, 2]) is typing_extensions.Literal


@_of("watchdog")
def _watchdog():
    from watchdog.events import FileCreatedEvent

    return FileCreatedEvent("/a").event_type


@_of("websocket-client", "websockets")
def _websocket():
    try:
        import websocket
    except ImportError:
        import websockets.frames

        return websockets.frames.Frame(websockets.frames.Opcode.TEXT, b"a").data
    return websocket.ABNF.create_frame("a", websocket.ABNF.OPCODE_PING).opcode


@_of("wrapt")
def _wrapt():
    import wrapt

    @wrapt.decorator
    def twice(wrapped, instance, arguments, named):
        return 2 * wrapped(*arguments, **named)

    return twice(lambda number: number + 1)(20)


@_of("xarray")
def _xarray():
    import xarray

    return xarray.DataArray([1, 2, 3], dims="x").mean().item()
