"""Tries what it is told, a line each, and prints what came of it: "ok" or the name of the error.

It runs in a network namespace of its own in which some addresses are the machine's by a route, and a server listens on
port 7000 of all of them, of TCP and UDP. What is tried is tried by a child in the cgroup that is named first.
"""

import errno
import os
import socket
import subprocess
import sys

FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6}
FOREIGN = 7000
kept = []


def outcome(attempt, *arguments):
    try:
        return attempt(*arguments) or "ok"
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))


def stream(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.connect((host, int(port)))


def fast_open(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as s:
        s.sendto(b"x", socket.MSG_FASTOPEN, (host, int(port)))


def datagram(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as s:
        s.sendto(b"x", (host, int(port)))


def datagram_by_message(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as s:
        s.sendmsg([b"x"], [], 0, (host, int(port)))


def datagram_connected(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as s:
        s.connect((host, int(port)))
        s.send(b"x")


def bind(family, host, port, kind="stream"):
    kinds = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM}
    with socket.socket(FAMILIES[family], kinds[kind]) as s:
        s.bind((host, int(port)))


def bind_both(first, listens="yes"):
    """Binds all addresses of IPv6 to the port that the kernel chose for one of IPv4, as servers for both do."""
    with socket.socket(socket.AF_INET) as four, socket.socket(socket.AF_INET6) as six:
        four.bind((first, 0))
        if listens == "yes":
            four.listen(1)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::", four.getsockname()[1]))
        six.listen(1)
        return "ok"


def ping(family):
    protocol = socket.IPPROTO_ICMP if family == "4" else socket.IPPROTO_ICMPV6
    socket.socket(FAMILIES[family], socket.SOCK_DGRAM, protocol).close()


def own_stream(family, listen, host):
    """A connection between two sockets of its own. An empty name to listen on means: do not bind."""
    with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as server:
        if listen:
            server.bind((listen, 0))
        server.listen(1)
        with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as client:
            client.settimeout(5)
            client.connect((host, server.getsockname()[1]))
            return server.accept()[0].send(b"x") and client.recv(1) and "ok"


def own_datagrams(family, host, connected):
    """A question to a socket of its own, and its answer."""
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as server:
        server.bind((host, 0))
        server.settimeout(5)
        with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            if connected == "connected":
                client.connect(server.getsockname())
                client.send(b"question")
            else:
                client.sendto(b"question", server.getsockname())
            question, whose = server.recvfrom(100)
            server.sendto(b"answer", whose)
            return "ok" if client.recv(100) == b"answer" else "lost"


def listen(family, host):
    """Keeps a listening socket; prints its port."""
    server = socket.socket(FAMILIES[family], socket.SOCK_STREAM)
    server.bind((host, 0))
    server.listen(1)
    kept.append(server)
    return str(server.getsockname()[1])


def stale(host):
    """Sends to a port of UDP that was its own when it connected, and is somebody else's now."""
    mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mine.bind((host, 0))
    port = mine.getsockname()[1]
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((host, port))
    client.send(b"to myself")
    mine.close()
    print("take", port, flush=True)
    sys.stdin.readline()
    try:
        client.send(b"to somebody else")
        return "ok"
    finally:
        client.close()


def source_route(host, past):
    """Sends to an allowed address with an option by which the packet goes to another one first: ip(7), RFC 791."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        loose = bytes([131, 7, 4]) + socket.inet_aton(past) + b"\0"
        s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, loose)
        s.sendto(b"x", (host, FOREIGN))


def names():
    return {name: thing for name, thing in globals().items() if callable(thing)}


def serve():
    """Answers one line with one line."""
    print("ready", flush=True)
    for line in sys.stdin:
        name, *arguments = line.split()
        print(outcome(names()[name], *arguments), flush=True)


def main():
    if sys.argv[1] == "child":
        with open(sys.argv[2] + "/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))
        serve()
        return
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in sys.argv[2:]:
        version = "-6" if ":" in address else "-4"
        # Local by a route alone: on an interface they would be the machine's own.
        subprocess.run(["ip", version, "route", "add", "local", address, "dev", "lo"], check=True)
    # By default nobody may have a socket for ping: icmp(7).
    with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
        file.write("0 100000")
    both = socket.create_server(("::", FOREIGN), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
    messages = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    messages.bind(("::", FOREIGN))
    taken = []
    child = subprocess.Popen(
        [sys.executable, __file__, "child", sys.argv[1]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    print(child.stdout.readline(), end="", flush=True)
    for line in sys.stdin:
        child.stdin.write(line)
        child.stdin.flush()
        answer = child.stdout.readline()
        while answer.startswith("take "):
            port = int(answer.split()[1])
            taken.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            taken[-1].bind(("127.0.0.1", port))
            child.stdin.write("taken\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        print(answer, end="", flush=True)
    child.stdin.close()
    child.wait()
    messages.close()
    both.close()


main()
