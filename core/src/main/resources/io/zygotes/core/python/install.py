"""Installs one package with the host's pip into a folder, compiles it, and writes down what it is.

Arguments: name, version, the folder to install into, the file for the metadata, and the hashes of the archives that
it may come from; any may if there are none. Runs in a sandbox: only that folder, the folder of that file and the folder
for temporary files can be written. Standard library and pip only.
"""

import email.parser
import json
import os
import py_compile
import re
import subprocess
import sys

PIP = "/mnt/pip"
EXTRA = re.compile("[A-Za-z0-9._-]+")  # the core metadata's rule; old packages have others
name, version, target, out = sys.argv[1:5]
hashes = sys.argv[5:]


def wanted():
    """What pip is asked for. It takes hashes from a file only."""
    pin = name + "==" + version
    if not hashes:
        return [pin]
    path = os.path.join(os.environ["TMPDIR"], "requirements.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(" ".join([pin] + ["--hash=" + value for value in hashes]) + "\n")
    return ["--require-hashes", "--requirement", path]


def pip_install():
    """pip in a process of its own: it ends the interpreter and patches what it needs."""
    # the path is put in from within: isolated mode takes none from the environment
    program = (
        "import sys, runpy; sys.path.insert(0, %r); sys.argv[0] = 'pip'; runpy.run_module('pip', "
        "run_name='__main__', alter_sys=True)" % PIP
    )
    environment = dict(os.environ)
    # builds of source packages start Pythons of their own, which have to find pip, too
    environment["PYTHONPATH"] = PIP
    command = [
        sys.executable,
        "-c",
        program,
        "install",
        "--no-deps",
        "--no-cache-dir",
        "--no-input",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--target",
        target,
    ] + wanted()
    return subprocess.call(command, env=environment, stdin=subprocess.DEVNULL)


def normalized(text):
    return re.sub(r"[-_.]+", "-", text).lower()


def dist_info():
    for entry in sorted(os.listdir(target)):
        folder = os.path.join(target, entry)
        if entry.endswith(".dist-info") and os.path.isfile(os.path.join(folder, "METADATA")):
            with open(os.path.join(folder, "METADATA"), encoding="utf-8", errors="replace") as file:
                metadata = email.parser.Parser().parse(file)
            if normalized(metadata.get("Name", "")) == normalized(name):
                return folder, metadata
    return None, None


def needs(metadata):
    """What the package needs on this machine, and what comes with extras: its own, and those it asks others for."""
    sys.path.insert(0, PIP)
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

    found = []
    for line in metadata.get_all("Requires-Dist") or []:
        try:
            found.append(Requirement(line))
        except InvalidRequirement as error:
            print("passing over the requirement %r: %s" % (line, error))

    def with_extra(extra):
        return [each for each in found if each.marker is None or each.marker.evaluate({"extra": extra})]

    def texts(requirements):
        return sorted({written(each) for each in requirements})

    always = with_extra("")
    own = {}
    for extra in filter(EXTRA.fullmatch, metadata.get_all("Provides-Extra") or []):
        own[normalized(extra)] = texts(each for each in with_extra(extra) if each not in always)
    return {
        "dependencies": sorted({normalized(each.name) for each in always}),
        "extras": {"asked": texts(each for each in always if each.extras), "own": own},
    }


def written(requirement):
    """bleach[css], without a version."""
    extras = ",".join(sorted(normalized(extra) for extra in requirement.extras))
    return normalized(requirement.name) + ("[%s]" % extras if extras else "")


def importable(folder, entry):
    """The module that a file or folder is when it is imported from its parent; None if it is none."""
    path = os.path.join(folder, entry)
    if os.path.isdir(path):
        stem = entry
    else:
        stem, dot, rest = entry.partition(".")
        if not (rest == "py" or rest == "so" or (rest.endswith(".so") and not rest.startswith("py."))):
            return None
    return stem if stem.isidentifier() and stem != "__pycache__" else None


def has_code(folder):
    return any(entry.endswith((".py", ".so")) for _, _, files in os.walk(folder) for entry in files)


def modules_in(folder, prefix, depth):
    """Importable names; folders without __init__ are namespaces, of which the parts are what is imported."""
    found = set()
    for entry in sorted(os.listdir(folder)):
        stem = importable(folder, entry)
        path = os.path.join(folder, entry)
        if stem is None:
            continue
        if not os.path.isdir(path):
            if stem != "__init__":
                found.add(prefix + stem)
        elif os.path.isfile(os.path.join(path, "__init__.py")):
            found.add(prefix + stem)
        elif has_code(path):
            found |= modules_in(path, prefix + stem + ".", depth - 1) if depth > 0 else {prefix + stem}
    return found


def modules(folder):
    """Top-level modules, without private ones and those that only serve the package's own tests and documentation."""
    found = modules_in(target, "", 2)
    listed = os.path.join(folder, "top_level.txt")
    if os.path.isfile(listed):
        with open(listed, encoding="utf-8", errors="replace") as file:
            tops = {line.strip().replace("/", ".") for line in file if line.strip()}
        chosen = {module for module in found if module.split(".")[0] in tops or module in tops}
        found = chosen or found
    side = {
        "tests",
        "test",
        "testing",
        "docs",
        "doc",
        "examples",
        "example",
        "benchmarks",
        "scripts",
        "bin",
        "setup",
        "conftest",
    }
    public = {module for module in found if not any(part.startswith("_") for part in module.split("."))}
    useful = {module for module in public if module.split(".")[0] not in side}
    return sorted(useful or public or found)


def compile_all():
    for folder, _, files in os.walk(target):
        for entry in files:
            path = os.path.join(folder, entry)
            if entry.endswith(".py") and not os.path.islink(path):
                try:
                    py_compile.compile(
                        path, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
                    )
                except Exception:
                    # packages carry files for other Pythons and templates; they are compiled when they are imported
                    continue


status = pip_install()
if status != 0:
    sys.exit(status)
folder, metadata = dist_info()
if folder is None:
    print("pip installed %s==%s, but left no metadata for it in %s" % (name, version, os.listdir(target)))
    sys.exit(1)
result = {**needs(metadata), "modules": modules(folder)}
compile_all()
with open(out, "w", encoding="utf-8") as file:
    json.dump(result, file)
