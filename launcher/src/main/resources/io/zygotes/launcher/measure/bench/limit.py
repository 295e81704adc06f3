"""The floor under every cold start: a bare Python process that has imported packages, forks, and lets the child import
f.py and answer. No isolation. Standard library only, beside the packages that it is told to import.

Its argument is JSON: packages (each with folder and modules, in the order of their import), handler (a folder with
f.py), event, primed (whether it imports f.py itself, and calls it once, before it forks). A line "ROUNDS REST_MS" on
its input is answered with a line of JSON: the nanoseconds of each round, and of all together without the rests. Ends
with its input.
"""

import gc
import importlib
import json
import os
import py_compile
import socket
import sys
import time


def import_package(modules):
    """As a zygote does it: one module that works is enough."""
    first_error = None
    imported = 0
    for name in modules:
        try:
            importlib.import_module(name)
            imported += 1
        except BaseException as error:
            first_error = first_error or error
    if first_error is not None and not imported:
        raise first_error


def one_round(event):
    """From the fork to the child's whole answer."""
    ours, theirs = socket.socketpair()
    started = time.perf_counter_ns()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            import f

            theirs.sendall(json.dumps(f.f(json.loads(event))).encode())
            code = 0
        finally:
            os._exit(code)
    theirs.close()
    answer = ours.recv(1 << 16)
    took = time.perf_counter_ns() - started
    os.waitpid(pid, 0)
    ours.close()
    if json.loads(answer or b"null") != json.loads(event):
        raise SystemExit("the child answered %r" % answer)
    return took


def main():
    task = json.loads(sys.argv[1])
    py_compile.compile(os.path.join(task["handler"], "f.py"), doraise=True)
    # Ahead of the packages' imports, so that what the interpreter keeps of this folder is there before the first fork.
    sys.path.insert(0, task["handler"])
    sys.path.extend(package["folder"] for package in task["packages"])
    for package in task["packages"]:
        import_package(package["modules"])
    if task["primed"]:
        import f

        f.f(json.loads(task["event"]))
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        rounds, rest = (int(word) for word in line.split())
        nanos = []
        started = time.perf_counter_ns()
        for _ in range(rounds):
            if rest:
                time.sleep(rest / 1000)
            nanos.append(one_round(task["event"]))
        print(json.dumps({"nanos": nanos, "elapsed": time.perf_counter_ns() - started}), flush=True)


main()
