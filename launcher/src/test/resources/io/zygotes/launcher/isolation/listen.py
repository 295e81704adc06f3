"""A process of the host: listens, holds shared memory, and ends with its standard input or a signal."""

import ctypes
import json
import os
import signal
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
abstract = "zygotes-canary-%d" % os.getpid()
listeners = []
for address in ("\0" + abstract, sys.argv[1]):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    listeners.append(listener)
os.chmod(sys.argv[1], 0o777)
tcp = socket.socket()
tcp.bind(("127.0.0.1", 0))
tcp.listen()
key = 0x7A79 << 16 | os.getpid() & 0xFFFF
segment = libc.shmget(key, 4096, 0o1000 | 0o666)
landlock = libc.syscall(444, None, 0, 1)
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
try:
    print(
        json.dumps(
            {
                "abstract": abstract,
                "path": sys.argv[1],
                "port": tcp.getsockname()[1],
                "key": key,
                "landlock": max(0, landlock),
            }
        ),
        flush=True,
    )
    sys.stdin.read()
finally:
    libc.shmctl(segment, 0, None)
