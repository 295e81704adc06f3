"""Prints as JSON where pip and uv are, and pip's configuration as the host's files and environment give it."""

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig

try:
    import pip
except ImportError:
    print(json.dumps({"error": "this Python has no pip"}))
    sys.exit(0)


def loaded():
    """pip's configuration as its own code reads it, within some milliseconds; None if this pip has no such code."""
    try:
        from pip._internal.configuration import Configuration
        from pip._internal.exceptions import PipError

        configuration = Configuration(isolated=False)
        try:
            configuration.load()
        except PipError:
            return None
        found = {}
        for name, value in configuration.items():
            # newer ones have a dictionary for each file
            found.update(value if isinstance(value, dict) else {name: value})
        return found
    except (ImportError, AttributeError, TypeError):
        return None


def listed():
    """pip's configuration as it prints it."""
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
    found = {}
    for line in listing.stdout.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            try:
                value = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                pass
            found[name] = value
    return found


def find_uv():
    """The program itself: in the interpreter's environment, or on the PATH."""
    try:
        from uv import find_uv_bin

        candidates = [find_uv_bin()]
    except (ImportError, OSError):
        candidates = []
    beside = [os.path.dirname(sys.executable), sysconfig.get_path("scripts")]
    candidates += [os.path.join(folder, "uv") for folder in beside] + [shutil.which("uv")]
    for path in candidates:
        if path and os.path.isfile(path) and os.access(path, os.X_OK):
            with open(path, "rb") as file:
                # A script, such as a version manager's, would look for more of the host's files.
                if file.read(4) == b"\x7fELF":
                    return os.path.realpath(path)
    return None


configuration = loaded()
if configuration is None:
    configuration = listed()
settings = []
for name, value in configuration.items():
    if "." in name:
        section, key = name.rsplit(".", 1)
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
            "uv": find_uv(),
        }
    )
)
