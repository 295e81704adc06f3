import asyncio
import csv
import decimal
import email.message
import hashlib
import http.client
import io
import logging
import sqlite3
import ssl
import urllib.request
import uuid
import xml.etree.ElementTree
import zipfile

LOG = logging.getLogger(__name__)


async def add(one, other):
    await asyncio.sleep(0)
    return one + other


def f(event):
    assert asyncio.run(add(1, 2)) == 3
    assert ssl.create_default_context().check_hostname
    database = sqlite3.connect(":memory:")
    database.execute("create table sums (value)")
    database.execute("insert into sums values (?)", (str(decimal.Decimal("1.1") + 1),))
    assert database.execute("select value from sums").fetchone() == ("2.1",)
    message = email.message.EmailMessage()
    message["Subject"] = str(uuid.UUID(int=7))
    message.set_content("a text")
    assert b"Subject" in bytes(message)
    rows = list(csv.reader(io.StringIO("a,b\n1,2\n")))
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("rows", repr(rows))
    assert xml.etree.ElementTree.fromstring("<a><b/></a>").find("b") is not None
    request = urllib.request.Request("http://localhost/")
    LOG.debug("%s %s %s", hashlib.sha256(b"a").hexdigest(), http.client.OK, request.full_url)
    return event
