"""Prints as JSON where pip is, and its configuration as the host's files and environment give it."""

import ast
import json
import os
import subprocess
import sys

try:
    import pip
except ImportError:
    print(json.dumps({"error": "this Python has no pip"}))
    sys.exit(0)

# The user's own configuration counts, so not in isolated mode; the working folder must not shadow modules.
listing = subprocess.run(
    [sys.executable, "-m", "pip", "config", "list"],
    cwd="/",
    stdin=subprocess.DEVNULL,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    universal_newlines=True,
)
if listing.returncode != 0:
    print(json.dumps({"error": "'pip config list' failed: " + listing.stderr.strip()[-2000:]}))
    sys.exit(0)

settings = []
for line in listing.stdout.splitlines():
    name, equals, value = line.partition("=")
    if not equals or "." not in name:
        continue
    section, key = name.rsplit(".", 1)
    try:
        value = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        pass
    settings.append([section, key, str(value)])

# Where packages come from if no setting says so. It is pip's own affair, so it may be somewhere else one day.
try:
    from pip._internal.models.index import PyPI

    sources = [PyPI.simple_url, "https://" + PyPI.file_storage_domain + "/"]
except (ImportError, AttributeError):
    sources = []

print(
    json.dumps(
        {
            "folder": os.path.dirname(os.path.abspath(pip.__file__)),
            "version": pip.__version__,
            "settings": settings,
            "sources": sources,
        }
    )
)
