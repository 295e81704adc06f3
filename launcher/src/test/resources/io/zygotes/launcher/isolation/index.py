"""A package index on the loopback device that asks for a name and a password.

Arguments: a folder for wheels that the index does not have. Prints its port, then a line for each package with the hash
of its archive, then an empty line. Ends with its standard input.
"""

import base64
import hashlib
import http.server
import io
import os
import sys
import tarfile
import threading
import zipfile

CREDENTIALS = "Basic " + base64.b64encode(b"me:s3cret").decode()
BACKEND = """
import json, os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    tried = []
    for top, folders, files in os.walk("/mnt"):
        tried.append(top)
        try:
            open(os.path.join(top, "planted"), "w").close()
        except OSError:
            pass
    with open("/mnt/out/metadata.json", "w") as file:
        json.dump({"modules": ["evil"], "dependencies": [], "hashes": ["sha256:" + "1" * 64]}, file)
    with zipfile.ZipFile(os.path.join(folder, "evil-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("evil.py", "VALUE = %r\\n" % (tried,))
        wheel.writestr("evil-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: evil\\nVersion: 1\\n")
        wheel.writestr("evil-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("evil-1.dist-info/RECORD", "")
    return "evil-1-py3-none-any.whl"
"""


def wheel(name):
    out = io.BytesIO()
    info = name + "-1.dist-info/"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name + "/__init__.py", "from . import part\nVALUE = %r\n" % name)
        archive.writestr(name + "/part.py", "PART = 1\n")
        script = zipfile.ZipInfo(name + "-1.data/scripts/" + name + "-tool")
        script.external_attr = 0o100755 << 16
        archive.writestr(script, "#!python\nprint(1)\n")
        archive.writestr(name + "-1.data/data/share/" + name + ".txt", "shared\n")
        archive.writestr(name + "-1.data/headers/" + name + ".h", "int x;\n")
        archive.writestr("notice.txt", "of %s\n" % name)
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: 1\n" % name)
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(info + "entry_points.txt", "[console_scripts]\n%s-run = %s:main\n" % (name, name))
        archive.writestr(info + "RECORD", "")
    return out.getvalue()


def source(name):
    out = io.BytesIO()
    files = {
        "PKG-INFO": "Metadata-Version: 2.1\nName: %s\nVersion: 1\n" % name,
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": BACKEND,
    }
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo("%s-1/%s" % (name, file))
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


ARCHIVES = {name: (name + "-1-py3-none-any.whl", wheel(name)) for name in ("plain", "other", "withdrawn", "broken")}
ARCHIVES["evil"] = ("evil-1.tar.gz", source("evil"))


class Index(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if self.headers.get("Authorization") != CREDENTIALS:
            self.answer(401, b"", "text/plain", ("WWW-Authenticate", "Basic realm=index"))
            return
        kind, _, name = self.path.strip("/").partition("/")
        files = dict(ARCHIVES.values())
        if kind == "simple" and name in ARCHIVES:
            file, content = ARCHIVES[name]
            said = hashlib.sha256(b"another" if name == "broken" else content).hexdigest()
            withdrawn = ' data-yanked="it was wrong"' if name == "withdrawn" else ""
            page = '<a href="../../files/%s#sha256=%s"%s>%s</a>' % (file, said, withdrawn, file)
            self.answer(200, page.encode(), "text/html")
        elif kind == "files" and name in files:
            self.answer(200, files[name], "application/octet-stream")
        else:
            self.answer(404, b"", "text/plain")

    def answer(self, status, body, kind, *headers):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body)))) + headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *words):
        pass


with open(os.path.join(sys.argv[1], "linked-1-py3-none-any.whl"), "wb") as out:
    out.write(wheel("linked"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
print(server.server_port)
for each, (_, archive) in ARCHIVES.items():
    print(each, "sha256:" + hashlib.sha256(archive).hexdigest())
print(flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
