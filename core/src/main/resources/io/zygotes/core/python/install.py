"""Installs packages with the host's uv or pip, each into a folder of its own, compiles what is imported first, and
writes down what each is.

Arguments: name, version, the folder to install into, the file for the metadata, and the hashes of the archives that
it may come from; any may if there are none. Or --together, and a list of such packages in JSON: these are installed at
once, from wheels alone, which run nothing of a package. One that there is no wheel for gets no metadata, and neither
does any other that fails: it is installed alone, and then says why it fails.

uv is used where it is mounted. It installs wheels only: what has to be built, and what uv fails at in a way that pip
might not, is pip's.

Runs in a sandbox: only these folders, the folder of the metadata and the folder for temporary files can be written.
Standard library, uv and pip only.
"""

import csv
import dis
import email.parser
import importlib.util
import json
import marshal
import os
import re
import shutil
import ssl
import subprocess
import sys
import warnings

PIP = "/mnt/pip"
UV = "/mnt/uv/uv"
FOR_UV = "FOR_UV_"  # what variables of uv's alone begin with
TOGETHER = "/mnt/all"  # has a folder for each package that is installed together with others
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
    import pip
    from pip._internal.cli.main import main

    reports = [int(part) for part in re.findall(r"\d+", pip.__version__)[:2]] >= [22, 2]
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
            arguments(package["name"], package["version"], package["place"], package["hashes"])
            + ["--only-binary=:all:"]
            + (["--report", report_of(package)] if reports else [])
        )
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)


def report_of(package):
    return package["place"].rstrip("/") + ".report.json"


def reported(package):
    """The hash of the archive that pip installed, which it has compared with the index's."""
    try:
        with open(report_of(package), encoding="utf-8") as file:
            found = json.load(file)["install"][0]["download_info"]["archive_info"]["hashes"]
        return ["sha256:" + found["sha256"]]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def uv(*words):
    """Begins a command of uv's, for wheels alone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOR_UV)}
    for name, value in os.environ.items():
        if name.startswith(FOR_UV):
            environment[name[len(FOR_UV) :]] = value
    options = environment.pop("OPTIONS", "").split()
    if ssl.get_default_verify_paths().cafile and "SSL_CERT_FILE" not in environment:
        environment.update(UV_SYSTEM_CERTS="true", UV_NATIVE_TLS="true")  # its new and old name; pip does so since 24.2
    environment.update(
        UV_CACHE_DIR=uv_folder("cache"),
        UV_NO_CONFIG="1",
        UV_NO_PROGRESS="1",
        UV_PYTHON_DOWNLOADS="never",
        UV_KEYRING_PROVIDER="disabled",
        UV_LINK_MODE="hardlink",
        NO_COLOR="1",
    )
    command = [UV, "pip"] + list(words) + ["--no-deps", "--only-binary", ":all:", "--python", sys.executable] + options
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
    )


def uv_folder(name):
    """A folder of uv's on the disk that packages are written to, so that its cache can be linked to from there."""
    return os.path.join(TOGETHER if os.path.isdir(TOGETHER) else os.environ["TMPDIR"], "uv-" + name)


def uv_ends(process):
    """What uv said, and whether it went well."""
    said = process.communicate()[0]
    return said, process.returncode == 0


def index_hashes(packages):
    """Has uv ask the index which archives there are. Packages that it knows get their hashes; returns what uv said.

    uv compares an archive only with hashes that it is given; pip compares with the index's in any case.
    """
    lines = [package["name"] + "==" + package["version"] for package in packages]
    asked, told = uv_folder("asked.txt"), uv_folder("told.txt")
    with open(asked, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    said, done = uv_ends(
        uv("compile", asked, "--output-file", told, "--quiet", "--generate-hashes", "--no-header", "--no-annotate")
    )
    if not done:
        return said
    with open(told, encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    os.remove(told)
    found = {}
    for line in text.splitlines():
        pin, *options = line.split() or [""]
        hashes = [option[len("--hash=") :] for option in options if option.startswith("--hash=")]
        found[normalized(pin.partition("==")[0])] = hashes
    for package in packages:
        if package["name"] in found:
            package["seen"] = found[package["name"]]
    return said


def know_hashes(packages):
    """The packages that may be installed, with the hashes of their archives in "seen"; and what uv said of others."""
    for package in packages:
        package["seen"] = package["hashes"] or None
    said, unknown = "", [package for package in packages if package["seen"] is None]
    if unknown:
        said = index_hashes(unknown)
        if len(unknown) > 1 and any(package["seen"] is None for package in unknown):
            # one that the index does not have keeps uv from telling of the others
            for package in unknown:
                said = index_hashes([package])
    return [package for package in packages if package["seen"] is not None], said


def uv_install(packages, target):
    """Begins to install some packages into one folder."""
    path = uv_folder("install-%s.txt" % packages[0]["name"])
    with open(path, "w", encoding="utf-8") as file:
        for package in packages:
            hashes = ["--hash=" + value for value in package["seen"]]
            file.write(" ".join([package["name"] + "==" + package["version"]] + hashes) + "\n")
    require = ["--require-hashes"] if all(package["seen"] for package in packages) else []
    return uv("install", "--target", target, "--requirement", path, *require)


def uv_alone(package):
    """Installs a wheel into a folder of its own; returns what uv said, and whether it went well."""
    known, said = know_hashes([package])
    done = False
    if known:
        said, done = uv_ends(uv_install(known, package["place"]))
    if done:
        tidied(package)
    return said, done


def uv_together(packages):
    """Installs wheels with one uv, which has them all in one folder, and parts them; yields those that are there."""
    known, _ = know_hashes(packages)
    everything = uv_folder("target")
    if len(known) > 1 and uv_ends(uv_install(known, everything))[1] and parted(known, everything):
        yield from known
        return
    # two of them have a file of the same name, or one cannot be installed
    for package in known:
        if uv_alone(package)[1]:
            yield package


def parted(packages, everything):
    """Moves the files of each package, which its RECORD names, to where it belongs; False if they cannot be parted."""
    owners = {}
    for package in packages:
        folder, _ = dist_info(package["name"], everything)
        if folder is None:
            return False
        with open(os.path.join(folder, "RECORD"), encoding="utf-8", newline="") as file:
            names = {os.path.normpath(row[0]) for row in csv.reader(file) if row}
        for name in names:
            if os.path.isabs(name) or name.split("/")[0] == ".." or name in owners:
                return False
            owners[name] = package
    there = set()
    for folder, _, files in os.walk(everything):
        there.update(os.path.relpath(os.path.join(folder, name), everything) for name in files)
    if there - {".lock"} != set(owners):
        return False
    for name, package in owners.items():
        path = os.path.join(package["place"], name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.rename(os.path.join(everything, name), path)
    for package in packages:
        tidied(package)
    return True


def tidied(package):
    """Makes of what uv wrote what pip would have written."""
    lock = os.path.join(package["place"], ".lock")
    if os.path.isfile(lock):
        os.remove(lock)
    include = os.path.join(package["place"], "include")
    for name in os.listdir(include) if os.path.isdir(include) else ():
        if normalized(name) == package["name"]:
            os.makedirs(os.path.join(include, "python"), exist_ok=True)
            os.rename(os.path.join(include, name), os.path.join(include, "python", name))


def final(said):
    """Whether pip would fail at it, too: then uv's reason is told, and nobody waits for pip's."""
    if "no usable wheels" in said or "building from source is disabled" in said or "no wheels with" in said:
        return False
    reasons = (
        "Hash mismatch",
        "No solution found",
        "error sending request for url",
        "401 Unauthorized",
        "403 Forbidden",
    )
    return any(reason in said for reason in reasons)


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


def source_of(module, packages):
    """The file of a module, where it will be seen, and whether it is a package; None if there is none."""
    for package in packages:
        name = os.path.join(*module.split("."))
        for file, is_package in ((os.path.join(name, "__init__.py"), True), (name + ".py", False)):
            path = os.path.join(package["place"], file)
            if os.path.isfile(path) and not os.path.islink(path):
                return path, os.path.join(package["target"], file), is_package
    return None, None, False


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


def compiled(module, file, seen, package):
    """Writes the byte code of a file, which never looks at the source again (PEP 552): both never change."""
    with open(file, "rb") as source:
        text = source.read()
    code = compile(text, seen, "exec", dont_inherit=True)
    place = importlib.util.cache_from_source(file)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as out:
        out.write(importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(text))
        marshal.dump(code, out)
    return imports(code, module, package)


def compile_part(part, out):
    """Compiles some files and writes down what they import."""
    found = set()
    for module, file, seen, package in part:
        try:
            found.update(compiled(module, file, seen, package))
        except Exception:
            # packages carry files for other Pythons and templates; they fail where they are imported
            continue
    with open(out, "w", encoding="utf-8") as file:
        json.dump(sorted(found), file)


def compile_first(modules, packages):
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
            file, visible, package = source_of(name, packages)
            if file:
                files.append((name, file, visible, package))
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
    """What is in the folder of an installed package, for its metadata; None if the installer left none there."""
    folder, metadata = dist_info(package["name"], package["place"])
    if folder is None:
        return None
    hashes = package["seen"] if "seen" in package else reported(package)
    return {**needs(metadata), "modules": modules(folder, package["place"]), "hashes": hashes}


def finish(packages):
    """Compiles what is imported first of all packages, and writes down what they are."""
    described = [(package, describe(package)) for package in packages]
    described = [(package, what) for package, what in described if what]
    warnings.simplefilter("ignore")
    compile_first(
        {module for _, what in described for module in what["modules"]}, [package for package, _ in described]
    )
    for package, what in described:
        with open(package["out"], "w", encoding="utf-8") as file:
            json.dump(what, file)
    return len(described)


def together(packages):
    if os.path.exists(UV):
        return finish(list(uv_together(packages)))
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
    package = {"name": name, "version": version, "target": target, "place": target, "out": out, "hashes": hashes}
    said, done = uv_alone(package) if os.path.exists(UV) else ("", False)
    if said:
        print(said)
    if not done:
        if final(said):
            sys.exit(1)
        if said:
            print("uv leaves this to pip", flush=True)
            empty(target)
        status = pip_install(name, version, target, hashes)
        if status != 0:
            sys.exit(status)
    if not finish([package]):
        print("%s==%s was installed, but without metadata in %s" % (name, version, os.listdir(target)))
        sys.exit(1)


def empty(folder):
    for entry in os.listdir(folder):
        path = os.path.join(folder, entry)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


if sys.argv[1] == "--together":
    print("%d packages installed together" % together(json.loads(sys.argv[2])))
else:
    alone(*sys.argv[1:5], sys.argv[5:])
