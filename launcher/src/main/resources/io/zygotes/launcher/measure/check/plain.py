"""Runs the lambda of a check in plain Python, as somebody would who has installed its packages for his interpreter.

Its argument is the path of a JSON file: packages (pairs of folder and the name below /packages that sandboxes have),
handler (the lambda's folder), root (an empty folder to make a root in), environment, user (an id), events, and result
(a file to write). Runs as root: paths are the same as in a sandbox, so that what is told can be compared, and /tmp is
empty. Everything else is the machine as it is. Standard library only.
"""

import ctypes
import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig

_NEWNS, _BIND, _REC, _PRIVATE, _READ_ONLY, _REMOUNT = 0x20000, 0x1000, 0x4000, 1 << 18, 1, 32
_SECONDS = 240
# Own ones, which the root of the check has in their place.
_OWN = ("tmp", "packages", "handler", "host", "mnt")
# A module that the interpreter imports when it starts, and that finds the packages.
_FINDER, _FIND = (
    "zygotes_check_packages",
    """
import os, site
for name in sorted(os.listdir("/packages")):
    if name != "bin":
        site.addsitedir("/packages/" + name)
""",
)
# sys.path begins with the working directory, which is the lambda's.
_PROGRAM = """
import json, sys
import f
events, result = json.loads(sys.argv.pop()), sys.argv.pop()
answers = [f.f(event) for event in events]
with open(result, "w") as file:
    json.dump(answers, file)
"""
_libc = ctypes.CDLL(None, use_errno=True)


def _do(call, *arguments):
    if getattr(_libc, call)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s%r: %s" % (call, arguments, os.strerror(number)))


def _bind(source, target, flags=_REC):
    _do("mount", os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(_BIND | flags), None)


def _tmpfs(target, options):
    _do("mount", b"tmpfs", os.fsencode(target), b"tmpfs", ctypes.c_ulong(0), options)


def _folder(*parts):
    path = "/".join(part.strip("/") if number else part for number, part in enumerate(parts))
    os.makedirs(path, exist_ok=True)
    return path


def _site_packages():
    """Folders with packages of the host's; the interpreter looks into the first for what it is to find."""
    paths = site.getsitepackages() + [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    paths.append("/usr/lib/python3/dist-packages")
    found = []
    for path in paths:
        path = os.path.realpath(path)
        if os.path.isdir(path) and path not in found:
            found.append(path)
    return found


def _interpreter():
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def _build(task):
    root = task["root"]
    _do("unshare", _NEWNS)
    _do("mount", b"", b"/", b"", ctypes.c_ulong(_REC | _PRIVATE), None)
    _tmpfs(root, b"mode=755,size=512m")
    for name in os.listdir("/"):
        source, target = "/" + name, root + "/" + name
        if name in _OWN:
            continue
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
        elif os.path.isdir(source) and os.stat(source).st_mode & 0o001:
            _bind(source, _folder(root, name))
    for prefix in {os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)}:
        if not os.path.isdir(root + prefix):
            _bind(prefix, _folder(root, prefix))
    os.mkdir(root + "/tmp")
    os.chmod(root + "/tmp", 0o1777)
    _bind(task["handler"], _folder(root, "handler"))
    programs = _folder(root, "packages", "bin")
    for source, name in task["packages"]:
        _bind(source, _folder(root, "packages", name))
        if os.path.isdir(source + "/bin"):
            for program in os.listdir(source + "/bin"):
                if not os.path.lexists(programs + "/" + program):
                    os.symlink("../%s/bin/%s" % (name, program), programs + "/" + program)
    for number, folder in enumerate(_site_packages()):
        _tmpfs(root + folder, b"mode=755,size=64k")
        if number == 0:
            for name, text in ((_FINDER + ".pth", "import %s\n" % _FINDER), (_FINDER + ".py", _FIND)):
                with open(root + folder + "/" + name, "w") as file:
                    file.write(text)
    os.mkdir(root + "/mnt")
    os.chmod(root + "/mnt", 0o777)
    os.chroot(root)
    os.chdir("/handler")


def main():
    with open(sys.argv[1]) as file:
        task = json.load(file)
    os.umask(0o022)
    result = os.open(task["result"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    _build(task)
    user, interpreter = task["user"], _interpreter()
    path = "/packages/bin:%s:/usr/local/bin:/usr/bin:/bin" % os.path.dirname(interpreter)

    def become():
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)

    # A session of its own: what it leaves running is ended with it.
    process = subprocess.Popen(
        [interpreter, "-c", _PROGRAM, "/mnt/result", json.dumps(task["events"])],
        env={**task["environment"], "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=become,
        start_new_session=True,
    )
    try:
        _, said = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        said = b"it does not end within %d s" % _SECONDS
    finally:
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass  # all of them have ended
        process.wait()
    if not os.path.exists("/mnt/result"):
        sys.exit("plain Python ended with %d: %s" % (process.returncode, said.decode("utf-8", "replace")[-4000:]))
    with open("/mnt/result", "rb") as answers, os.fdopen(result, "wb") as file:
        shutil.copyfileobj(answers, file)


main()
