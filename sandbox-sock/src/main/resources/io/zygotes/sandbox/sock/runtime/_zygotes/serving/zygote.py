"""A zygote: imports packages, then forks leaves and further zygotes until the worker hangs up.

It was locked down before the first import, because a package may patch any Python function that is called later on.
"""

import json
import os

from .. import wire
from ..linux.calls import do
from ..linux.clone import threads
from ..linux.endings import let_signals_end_this_process
from ..linux.privileges import set_dumpable
from ..memory import arrangement, mappings
from ..protocol import (
    CHANNEL,
    FRAME_READY,
    KEY_ASKED,
    KEY_CHANGED,
    KEY_COSTS,
    KEY_ENVIRONMENT,
    KEY_FUNCTION,
    KEY_IMPORTED,
    KEY_LEFT_OUT,
    KEY_LOOKED_FOR,
    KEY_MISSED,
    KEY_MODULES,
    KEY_PACKAGES,
    KEY_PRELOADED,
    KEY_REASON,
    KEY_RESTORES,
    KEY_RUNTIME,
    KEY_SPOILT,
    KEY_THREADS,
    KEY_UNFIT,
    KEY_VISIBLE,
    KIND_LEAF,
    PATH_HANDLER,
    STEP_FORK,
    STEP_IMPORT,
    STEP_SNAPSHOT,
)
from ..setup import interpreter
from ..work import hooks, inheritance, leaf
from .examination import Examination
from .forking import fork_child, look_for_handlers, note_libraries, require_forks, require_standard_streams
from .imports import FurtherModules, import_all, with_parts
from .requests import Requests

# Threads of numeric libraries would not live on in a fork, and a process with threads cannot be forked cheaply.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

# What would be freed or closed in a child: of this zygote, and of those that it was forked from.
_KEPT = []

# What its leaves do.
_leaf_main = leaf.main


def main(instructions):
    """Imports what the worker says, tells what it cost, and serves. Returns in each child, with the child's work."""
    inheritance.restore()
    if KEY_FUNCTION in instructions:
        return _main_of_function(instructions)
    environment = inheritance.whole(instructions[KEY_ENVIRONMENT])
    interpreter.set_environment({**environment, **_ONE_THREAD})
    examination = Examination()
    costs = {}
    further = FurtherModules()
    try:
        interpreter.add_packages(instructions[KEY_VISIBLE])
        names = instructions.get(KEY_MODULES, ())
        if instructions[KEY_PACKAGES] or names:
            note_libraries()
            os.chdir(PATH_HANDLER)  # where lambdas are when they import: some packages remember it
            with examination:
                costs = import_all(instructions[KEY_PACKAGES], examination.after)
                if names:
                    further.import_all(names, examination)
                    costs = with_parts(costs, instructions[KEY_PACKAGES], further.costs)
            os.chdir("/")
            look_for_handlers()
        if not instructions[KEY_VISIBLE]:
            interpreter.remember_preloaded()
        inheritance.remember_shared(mappings.make_private())
        require_standard_streams()
        require_forks()
    except BaseException as error:
        wire.send_failure(CHANNEL, STEP_IMPORT, error)
        os._exit(1)
    # What leaves find, unless they are told otherwise.
    interpreter.set_environment(inheritance.whole(instructions[KEY_ENVIRONMENT]))
    let_signals_end_this_process()  # and its leaves
    report = json.dumps(_report(costs, examination, further)).encode()
    # Else the worker gives this zygote up, and it may be one that cannot be forked.
    if not examination.unfit and not further.is_spoilt:
        arrangement.before_serving(_become)
    wire.send_frame(CHANNEL, FRAME_READY, report)
    return _serve(Requests(wire.over(CHANNEL, wire.PACKETS)))


def _main_of_function(instructions):
    """As main, for a zygote of one function: imports that function's code, and whatever that imports."""
    global _leaf_main
    # Before the function's own modules may come first. Other zygotes do without, and so do their leaves.
    from ..work import function
    from .snapshot import Snapshot

    interpreter.set_environment({**inheritance.whole(instructions[KEY_ENVIRONMENT]), **_ONE_THREAD})
    examination = Examination()
    try:
        interpreter.add_packages(instructions[KEY_VISIBLE])
        note_libraries()
        os.chdir(PATH_HANDLER)
        with examination:
            reason = Snapshot(instructions, instructions[KEY_FUNCTION], _ONE_THREAD).take()
            if reason is None:
                examination.after(KEY_FUNCTION)
                reason = examination.unfit.pop(KEY_FUNCTION, None)
        os.chdir("/")
        look_for_handlers()
        inheritance.remember_shared(mappings.make_private())
        require_standard_streams()
        require_forks()
    except BaseException as error:
        wire.send_failure(CHANNEL, STEP_SNAPSHOT, error)
        os._exit(1)
    _leaf_main = function.main
    report = {**_report({}, examination, FurtherModules()), KEY_REASON: reason, KEY_RESTORES: hooks.wait_for_restore()}
    arrangement.before_serving(_become, spares=False)
    wire.send_frame(CHANNEL, FRAME_READY, json.dumps(report).encode())
    return _serve(Requests(wire.over(CHANNEL, wire.PACKETS)))


def _report(costs, examination, further):
    return {
        KEY_COSTS: costs,
        KEY_THREADS: threads(),
        KEY_UNFIT: examination.unfit,
        KEY_ASKED: sorted(examination.asked),
        KEY_CHANGED: sorted(inheritance.environment),
        KEY_IMPORTED: interpreter.imported_by_packages(),
        KEY_MISSED: sorted(examination.missed),
        KEY_PRELOADED: interpreter.preloaded(),
        KEY_RUNTIME: interpreter.imported_by_runtime(),
        KEY_LEFT_OUT: further.left_out,
        KEY_SPOILT: further.is_spoilt,
        KEY_LOOKED_FOR: further.looked_for,
    }


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
        return _leaf_main, child.go()
    instructions = child.go()
    do(set_dumpable(False))
    return main, instructions
