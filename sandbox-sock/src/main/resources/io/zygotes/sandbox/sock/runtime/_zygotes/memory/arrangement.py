"""When a sandbox arranges its memory: a zygote twice, before and after its imports, and a spare leaf while it waits."""

import gc
import os
import signal

from .. import tuning
from ..linux.clone import await_end, fork, threads
from ..work.code import reseed
from . import folios, holes, mappings, rehearsal


def before_imports():
    """In a fresh zygote, whose interpreter has just started."""
    if tuning.JOINED_MAPPINGS:
        mappings.join_programs()
    if tuning.HUGE_FOLIOS:
        folios.move_programs()


def before_serving(become):
    """In a zygote that has imported its packages, before its first fork. become is what its children do then."""
    if tuning.FILLED_HOLES:
        holes.fill_holes()
    if tuning.JOINED_MAPPINGS:
        mappings.join_programs()
    has_threads = threads() > 1
    if tuning.HUGE_FOLIOS and not has_threads:
        folios.move_data()
    if tuning.REHEARSAL:
        if tuning.HUGE_FOLIOS and not has_threads:
            _rehearse_beside_a_copy(become)
        else:
            rehearsal.run(become)
    if tuning.FROZEN_OBJECTS:
        # What lives now lives for ever: without this the collector would write to these pages in every child.
        gc.freeze()


def while_a_spare_waits(child):
    """In a spare leaf, which does not know its lambda yet and need not hurry."""
    if tuning.SPARE_REHEARSAL:
        rehearsal.run_spare(child)
    else:
        reseed()


def _rehearse_beside_a_copy(become):
    """Rehearses while another process has the same memory.

    What the rehearsal writes to is copied out of the folios so, page by page. Else each child would do that, and all of
    them count in one place how often a folio is mapped.
    """
    wait, release = os.pipe()
    other = fork()
    if other == 0:
        os.close(release)
        os.read(wait, 1)  # up to the end of this zygote, should that come first
        os._exit(0)
    rehearsal.run(become)
    os.kill(other, signal.SIGKILL)  # whatever a package has it do after a fork
    await_end(other)
    os.close(wait)
    os.close(release)
