"""A lambda that tries to reach what it is told: the name of a function and its arguments."""

import errno
import socket

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
kept = []


def stream(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.connect((host, port))


def datagram(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as s:
        s.sendto(b"x", (host, port))


def datagram_connected(family, host, port):
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as s:
        s.connect((host, port))
        s.send(b"x")


def named(host, port):
    socket.create_connection((host, port), 5).close()


def request(host, port, path):
    with socket.create_connection((host, port), 5) as s:
        s.sendall(b"GET " + path.encode() + b" HTTP/1.0\r\n\r\n")
        return s.recv(100).split(b" ")[1].decode()


def bind(host, port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind((host, port))
        s.listen()


def listen():
    kept.append(socket.create_server(("127.0.0.1", 0)))
    return str(kept[-1].getsockname()[1])


def flood(host, port):
    """Sends many datagrams; says how many were not refused."""
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(2000):
            try:
                s.sendto(b"flood", (host, port))
                sent += 1
            except OSError:
                pass
    return str(sent)


def f(event):
    name, *arguments = event
    try:
        return globals()[name](*arguments) or "ok"
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))
