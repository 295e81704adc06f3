"""A zygote: imports packages, then forks leaves and further zygotes until the worker hangs up.

It was locked down before the first import, because a package may patch any Python function that is called later on.
"""

import json
import os

from .. import wire
from ..linux.calls import do
from ..linux.clone import threads
from ..linux.privileges import set_dumpable
from ..memory import arrangement, mappings
from ..protocol import (
    CHANNEL,
    FRAME_READY,
    KEY_COSTS,
    KEY_ENVIRONMENT,
    KEY_PACKAGES,
    KEY_THREADS,
    KEY_VISIBLE,
    KIND_LEAF,
    STEP_FORK,
    STEP_IMPORT,
)
from ..setup import interpreter
from ..work import leaf
from .forking import fork_child, require_forks, require_standard_streams
from .imports import import_all
from .requests import Requests

# Threads of numeric libraries would not live on in a fork, and a process with threads cannot be forked cheaply.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

# What would be freed or closed in a child: of this zygote, and of those that it was forked from.
_KEPT = []


def main(instructions):
    """Imports what the worker says, tells what it cost, and serves. Returns in each child, with the child's work."""
    interpreter.set_environment({**instructions[KEY_ENVIRONMENT], **_ONE_THREAD})
    interpreter.add_packages(instructions[KEY_VISIBLE])
    try:
        costs = import_all(instructions[KEY_PACKAGES])
        mappings.make_private()
        require_standard_streams()
        require_forks()
    except BaseException as error:
        wire.send_failure(CHANNEL, STEP_IMPORT, error)
        os._exit(1)
    interpreter.set_environment(instructions[KEY_ENVIRONMENT])  # what leaves find, unless they are told otherwise
    arrangement.before_serving()
    wire.send_frame(CHANNEL, FRAME_READY, json.dumps({KEY_COSTS: costs, KEY_THREADS: threads()}).encode())
    return _serve(Requests(wire.over(CHANNEL, wire.PACKETS)))


def _serve(requests):
    """Forks for the worker. Returns in each child, with the child's work."""
    _KEPT.append(requests)
    while True:
        try:
            children = requests.next()
        except (wire.Closed, ConnectionError):
            os._exit(0)  # the worker hung up: this zygote is not needed any more
        for child in children:
            try:
                if fork_child(child) == 0:
                    return _become(child)
            except OSError as error:
                wire.send_failure(child.channel, STEP_FORK, error)
        for child in children:
            child.close()


def _become(child):
    """In the child: goes all the way to a sandbox, and returns its work and what the worker said of that."""
    if child.kind == KIND_LEAF:
        if child.is_spare:
            return leaf.main_of_spare, child.go(meanwhile=lambda: arrangement.while_a_spare_waits(child))
        return leaf.main, child.go()
    instructions = child.go()
    do(set_dumpable(False))
    return main, instructions
