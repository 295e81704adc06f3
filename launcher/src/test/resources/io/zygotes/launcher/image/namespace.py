"""Runs a worker in this process's network namespace, and calls its lambdas as it is told, a line each.

Arguments: the image's program, the worker directory, and addresses. These are the machine's by a route alone, so that
they play the internet, private ranges and a metadata service; 10.88.0.1 is one of its own. On all of them somebody
listens at port 7000, and on loopback at port 7001 as well. With WITHOUT_BPF in the environment the worker has a kernel
that knows no bpf(2).
"""

import ctypes
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request


def answer(url, body):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as response:
            return response.read()
    except urllib.error.HTTPError as e:
        return json.dumps({"status": e.code, "body": e.read().decode()}).encode()


def hide_bpf():
    """Installs a filter of seccomp(2) by which bpf(2) fails as in a kernel that lacks it."""
    number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    load, equal, result = 0x20, 0x15, 0x06
    code = [
        (load, 0, 0, 0),
        (equal, 0, 1, number),
        (result, 0, 0, 0x00050000 | errno.ENOSYS),
        (result, 0, 0, 0x7FFF0000),
    ]
    filled = b"".join(struct.pack("=HBBI", *one) for one in code)
    instructions = ctypes.create_string_buffer(filled, len(filled))
    program = struct.pack("=H6xQ", len(code), ctypes.addressof(instructions))
    if ctypes.CDLL(None, use_errno=True).prctl(22, 2, ctypes.create_string_buffer(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def main():
    program, directory, *addresses = sys.argv[1:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", "10.88.0.1/32", "dev", "lo"], check=True)
    for address in addresses:
        version = "-6" if ":" in address else "-4"
        subprocess.run(["ip", version, "route", "add", "local", address, "dev", "lo"], check=True)
    listening = [
        socket.create_server(("::", 7000), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096),
        socket.create_server(("127.0.0.1", 7001), backlog=4096),
    ]
    messages = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    messages.bind(("::", 7000))
    started = subprocess.run(
        [program, "up", "-d", "-p", directory],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hide_bpf if "WITHOUT_BPF" in os.environ else None,
    )
    try:
        print(json.dumps({"exit": started.returncode, "said": started.stdout}), flush=True)
        if started.returncode == 0:
            with open(os.path.join(directory, "worker.json")) as file:
                port = json.load(file)["port"]
            for line in sys.stdin:
                path, _, body = line.strip().partition(" ")
                if path == "port":
                    print(port, flush=True)
                    continue
                url = f"http://127.0.0.1:{port}{path}"
                print(answer(url, body.encode() if body else None).decode().replace("\n", " "), flush=True)
    finally:
        subprocess.run([program, "down", "-p", directory], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        messages.close()
        for one in listening:
            one.close()


main()
