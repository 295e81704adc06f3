"""1.5 Other sandboxes, the worker, and the host's processes."""

import ctypes
import os
import socket

from probe import call, outcome


def _all(attack, numbers):
    """The set of outcomes over many targets."""
    return sorted({outcome(lambda n=n: attack(n)) for n in numbers})


def _others():
    """Numbers of processes that are not this one, and not a thread of it."""
    return [pid for pid in range(1, 32769) if pid != os.getpid()]


def _connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(3)
        client.connect(address)


def _bind(port, reuse):
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", port))
        server.listen()


def _bind_all(port):
    with socket.socket() as server:
        server.bind(("0.0.0.0", port))


# Where nobody listens the answer is that of a machine without rules.
_REFUSED = {"127.0.0.1": ["EPERM"], "127.0.0.2": ["ECONNREFUSED", "EPERM"], "0.0.0.0": ["EPERM"]}


def _interfaces():
    with open("/proc/self/net/dev") as file:
        return sorted(line.split(":")[0].strip() for line in file if ":" in line)


def _plant():
    """Leaves something wherever it can, for the second tenant to look for."""
    planted = []
    for folder in ("/tmp", "/dev/shm", "/host", "/run", "/var/tmp", "/packages", "/handler", "/"):
        try:
            with open(folder + "/canary-of-a-tenant", "w") as file:
                file.write("secret")
            planted.append(folder)
        except OSError:
            pass
    return planted


def run(report):
    check, event = report.check, report.event
    others = _others()
    if not report.zygote:  # a zygote shares the warden's numbers; who may be hurt is a row of its own
        check("A60", "kill any other process", lambda: _all(lambda pid: os.kill(pid, 0), others), "['ESRCH']")
    check("A60", "ptrace", lambda: _all(lambda pid: call("ptrace", 16, pid, 0, 0), others[:300]), "['EPERM']")
    buffer = ctypes.create_string_buffer(64)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), 64)
    for name in ("process_vm_readv", "process_vm_writev"):
        check(
            "A60", name + " of itself", lambda n=name: call(n, os.getpid(), vector, 1, vector, 1, 0), "EPERM", open=True
        )
    check(
        "A60", "pidfd_getfd", lambda: call("pidfd_getfd", call("pidfd_open", os.getpid(), 0), 0, 0), "EPERM", open=True
    )
    check("A60", "kcmp", lambda: call("kcmp", os.getpid(), os.getpid(), 0, 0, 0), "EPERM")
    for name in ("shmget", "semget", "msgget"):
        check(
            "A62",
            name + " of others' keys",
            lambda n=name: _all(
                lambda key: call(n, key, *([0, 0] if n != "msgget" else [0])), [*range(1, 1000), event["segment"]]
            ),
            "['ENOENT']",
        )
    check(
        "A62",
        "all shared memory that there is",
        lambda: _all(lambda index: call("shmctl", index, 13, ctypes.create_string_buffer(256)), range(100)),
        "['EINVAL']",
    )
    private = event["network"] == "none"
    refused = ["ECONNREFUSED"] if private else ["EPERM"] if event["scoped"] else ["EPERM", "done"]
    check("A63", "an abstract socket of the host", lambda: _connect(socket.AF_UNIX, "\0" + event["abstract"]), *refused)
    check("A63", "a socket of the host with a path", lambda: _connect(socket.AF_UNIX, event["path"]), "ENOENT")
    check("A64", "plant files", _plant, str(["/tmp", "/dev/shm", "/host"]))
    check("A74", "its name", lambda: socket.gethostname().split("-")[0], "leaf", "zygote")
    check("A74", "another name", lambda: socket.sethostname("worker"), "EPERM")
    worker, other = event["worker_port"], event["tcp_port"]
    if private:
        check("A71", "the worker's port", lambda: _connect(socket.AF_INET, ("127.0.0.1", worker)), "ECONNREFUSED")
        check("A72", "bind the worker's port, in a network of its own", lambda: _bind(worker, False), "done")
        check("A73", "a port of the host", lambda: _connect(socket.AF_INET, ("127.0.0.1", other)), "ECONNREFUSED")
        check("A73", "interfaces", _interfaces, "['lo']")
    else:
        if event["network"] == "internet":
            for host in ("127.0.0.1", "127.0.0.2", "0.0.0.0"):
                check("A71", "the worker's port", lambda h=host: _connect(socket.AF_INET, (h, worker)), *_REFUSED[host])
            check("A71", "written as IPv6", lambda: _connect(socket.AF_INET6, ("::ffff:127.0.0.1", worker)), "EPERM")
            check("A73", "a port of the host", lambda: _connect(socket.AF_INET, ("127.0.0.1", other)), "EPERM")
            check("A72", "a port of all addresses", lambda: _bind_all(0x8000), "EPERM")
        check("A72", "bind the worker's port", lambda: _bind(worker, False), "EADDRINUSE")
        check("A72", "share the worker's port", lambda: _bind(worker, True), "EADDRINUSE")
