"""Installs packages with the host's pip, each into a folder of its own, compiles what is imported first, and writes
down what each is.

Arguments: name, version, the folder to install into, the file for the metadata, and the hashes of the archives that
it may come from; any may if there are none. Or --together, and a list of such packages in JSON: these are installed at
once, from wheels alone, which run nothing of a package. One that there is no wheel for gets no metadata, and neither
does any other that fails: it is installed alone, and then says why it fails.

Runs in a sandbox: only these folders, the folder of the metadata and the folder for temporary files can be written.
Standard library and pip only.
"""

import dis
import email.parser
import importlib.util
import json
import marshal
import os
import re
import subprocess
import sys
import warnings

PIP = "/mnt/pip"
EXTRA = re.compile("[A-Za-z0-9._-]+")  # the core metadata's rule; old packages have others
AT_ONCE = 4  # wheels that are downloaded and unpacked at the same time


def wanted(name, version, hashes):
    """What pip is asked for. It takes hashes from a file only."""
    pin = name + "==" + version
    if not hashes:
        return [pin]
    path = os.path.join(os.environ["TMPDIR"], "requirements-%s.txt" % name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(" ".join([pin] + ["--hash=" + value for value in hashes]) + "\n")
    return ["--require-hashes", "--requirement", path]


def arguments(name, version, target, hashes):
    return [
        "install",
        "--no-deps",
        "--no-cache-dir",
        "--no-input",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--target",
        target,
    ] + wanted(name, version, hashes)


def pip_install(name, version, target, hashes):
    """pip in a process of its own: it ends the interpreter and patches what it needs."""
    # the path is put in from within: isolated mode takes none from the environment
    program = (
        "import sys, runpy; sys.path.insert(0, %r); sys.argv[0] = 'pip'; runpy.run_module('pip', "
        "run_name='__main__', alter_sys=True)" % PIP
    )
    environment = dict(os.environ)
    # builds of source packages start Pythons of their own, which have to find pip, too
    environment["PYTHONPATH"] = PIP
    command = [sys.executable, "-c", program] + arguments(name, version, target, hashes)
    return subprocess.call(command, env=environment, stdin=subprocess.DEVNULL)


def pip_forked(package):
    """Begins to install a wheel in a fork of this process, which has pip loaded; returns its process id."""
    from pip._internal.cli.main import main

    process = os.fork()
    if process:
        return process
    status = 1
    try:
        # what it says does not matter: who fails here is installed alone
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        status = main(
            arguments(package["name"], package["version"], package["target"], package["hashes"])
            + ["--only-binary=:all:"]
        )
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)


def forked(items, begin, at_once):
    """Has begin fork a process for each item, some at the same time; yields the items whose processes end well."""
    waiting, running = list(items), {}
    while waiting or running:
        while waiting and len(running) < at_once:
            item = waiting.pop(0)
            running[begin(item)] = item
        process, status = os.wait()
        item = running.pop(process, None)
        if item is not None and status == 0:
            yield item


def normalized(text):
    return re.sub(r"[-_.]+", "-", text).lower()


def dist_info(name, target):
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


def modules(folder, target):
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


def source_of(module, targets):
    """The file of a module, and whether it is a package; None if it is in none of the folders, or no Python."""
    for target in targets:
        path = os.path.join(target, *module.split("."))
        for file, package in ((os.path.join(path, "__init__.py"), True), (path + ".py", False)):
            if os.path.isfile(file) and not os.path.islink(file):
                return file, package
    return None, False


def imports(code, module, package):
    """Names that a module imports when it is run, without those in its functions; some may be no modules."""
    home = module.split(".") if package else module.split(".")[:-1]
    constants = []
    for step in dis.get_instructions(code):
        if step.opname.startswith("LOAD_CONST") or step.opname == "LOAD_SMALL_INT":
            constants.append(step.argval)
        elif step.opname == "IMPORT_NAME" and len(constants) > 1:
            level, listed = constants[-2], constants[-1]
            base = step.argval
            if level:
                base = ".".join(home[: len(home) - level + 1] + ([base] if base else []))
            yield base
            for name in listed or ():
                yield base + "." + name


def compiled(module, file, package):
    """Writes the byte code of a file, which never looks at the source again (PEP 552): both never change."""
    with open(file, "rb") as source:
        text = source.read()
    code = compile(text, file, "exec", dont_inherit=True)
    place = importlib.util.cache_from_source(file)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as out:
        out.write(importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(text))
        marshal.dump(code, out)
    return imports(code, module, package)


def compile_part(part, out):
    """Compiles some files and writes down what they import."""
    found = set()
    for module, file, package in part:
        try:
            found.update(compiled(module, file, package))
        except Exception:
            # packages carry files for other Pythons and templates; they fail where they are imported
            continue
    with open(out, "w", encoding="utf-8") as file:
        json.dump(sorted(found), file)


def compile_first(modules, targets):
    """Compiles what importing these modules imports, on all processors. The rest is compiled behind the first call."""
    processors = len(os.sched_getaffinity(0))
    out = os.path.join(os.environ["TMPDIR"], "imports-%d.json")

    def begin(number):
        process = os.fork()
        if process:
            return process
        try:
            compile_part(files[number::processors], out % number)
        finally:
            os._exit(0)

    seen, names = set(), set(modules)
    while names:
        seen |= names
        files = []
        for name in sorted(names):
            file, package = source_of(name, targets)
            if file:
                files.append((name, file, package))
        names = set()
        for number in forked(range(min(processors, len(files))), begin, processors):
            if os.path.isfile(out % number):
                with open(out % number, encoding="utf-8") as file:
                    names.update(json.load(file))
                os.remove(out % number)
        # a module needs its parents, and all of them are looked at once
        for name in list(names):
            parts = name.split(".")
            names.update(".".join(parts[:length]) for length in range(1, len(parts)))
        names -= seen


def describe(package):
    """What is in the folder of an installed package, for its metadata; None if pip left none there."""
    folder, metadata = dist_info(package["name"], package["target"])
    if folder is None:
        return None
    return {**needs(metadata), "modules": modules(folder, package["target"])}


def finish(packages):
    """Compiles what is imported first of all packages, and writes down what they are."""
    described = [(package, describe(package)) for package in packages]
    described = [(package, what) for package, what in described if what]
    warnings.simplefilter("ignore")
    compile_first(
        {module for _, what in described for module in what["modules"]}, [package["target"] for package, _ in described]
    )
    for package, what in described:
        with open(package["out"], "w", encoding="utf-8") as file:
            json.dump(what, file)
    return len(described)


def together(packages):
    sys.path.insert(0, PIP)
    os.environ["PYTHONPATH"] = PIP
    try:
        from pip._internal.commands import create_command

        create_command("install")
    except (ImportError, TypeError) as error:
        print("this pip cannot be loaded ahead: %s" % error)
        return 0
    return finish(list(forked(packages, pip_forked, AT_ONCE)))


def alone(name, version, target, out, hashes):
    status = pip_install(name, version, target, hashes)
    if status != 0:
        sys.exit(status)
    if not finish([{"name": name, "version": version, "target": target, "out": out}]):
        print("pip installed %s==%s, but left no metadata for it in %s" % (name, version, os.listdir(target)))
        sys.exit(1)


if sys.argv[1] == "--together":
    print("%d packages installed together" % together(json.loads(sys.argv[2])))
else:
    alone(*sys.argv[1:5], sys.argv[5:])
