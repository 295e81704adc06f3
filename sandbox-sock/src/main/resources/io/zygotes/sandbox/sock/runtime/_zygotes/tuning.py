"""What only makes things faster: a name for each, and whether it is on.

Without any of it sandboxes are slower and take more memory, and do the same. The worker switches it off, all of it or
some of it, by TUNING_VARIABLE in the warden's environment (protocol.py), which the warden hands on to each interpreter
that it starts. Lambdas and packages come to an interpreter only after this module has read it.

docs/performance.md says what each is worth.
"""

import os

from .protocol import TUNING_OFF, TUNING_VARIABLE, TUNING_WITHOUT

_value = os.environ.get(TUNING_VARIABLE, "")
_names = []


def _is_on(name):
    _names.append(TUNING_WITHOUT + name)
    return _value != TUNING_OFF and _names[-1] not in _value.split(",")


# Of memory.
FILLED_HOLES = _is_on("filled_holes")  # new objects lie side by side, not in holes between old ones: memory/holes.py
JOINED_MAPPINGS = _is_on("joined_mappings")  # one for each library's text and constants: memory/mappings.py
HUGE_FOLIOS = _is_on("huge_folios")  # a fork copies text and data in blocks of 2 MiB: memory/folios.py
REHEARSAL = _is_on("rehearsal")  # a zygote runs what its children will run, before the first fork: memory/rehearsal.py
SPARE_REHEARSAL = _is_on("spare_rehearsal")  # a spare runs what it can of its orders and a first call: the same
FROZEN_OBJECTS = _is_on("frozen_objects")  # the collector leaves alone what lives in a zygote: memory/arrangement.py

# Of zygotes.
PRACTICE = _is_on("practice")  # when nobody waits, all of the way to a fork but the fork: serving/requests.py
KNOWN_REQUESTS = _is_on("known_requests")  # what requests have in common is laid out once: serving/requests.py, setup
SEVERAL_IN_A_ROW = _is_on("several_in_a_row")  # requests that wait are laid out, then forked for: serving/requests.py
MACHINE_CODE = _is_on("machine_code")  # a child's system calls are made without Python's help: linux/calls.py
CHILD_FIRST = _is_on("child_first")  # a fork lets the child have the processor: linux/clone.py
BOUND_FUNCTIONS = _is_on("bound_functions")  # C functions are looked up at the start of Python: serving/warden.py

# Of leaves.
OWN_LOADER = _is_on("own_loader")  # byte code of f.py is read and run without Python's import system: work/code.py
PLAIN_JSON = _is_on("plain_json")  # JSON is read and written by the C functions alone: wire.py, work/answers.py
PLAIN_SEED = _is_on("plain_seed")  # numpy's generator gets its state from the kernel as it is: work/code.py
LATE_READY = _is_on("late_ready")  # a leaf says that it is ready together with its first answer: work/leaf.py

if not {TUNING_OFF, *_names}.issuperset(filter(None, _value.split(","))):
    raise ValueError(
        "%s is %r: it may be %r, or some of these with commas in between: %s"
        % (TUNING_VARIABLE, _value, TUNING_OFF, ", ".join(_names))
    )
