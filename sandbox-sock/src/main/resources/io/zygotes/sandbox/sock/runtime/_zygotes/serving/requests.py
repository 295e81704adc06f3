"""What the worker asks of a zygote.

A fork makes all memory of the zygote read-only for the moment, and each page that it writes to on the way to the next
one is copied. So little is done for a request: one that differs from another in names and numbers only is laid out
once. Where many come at once, a few are laid out and then forked for in a row. And when nobody waits the way is
practised: then the pages are the zygote's own again when a request comes.
"""

import select

from .. import wire
from ..linux.clone import threads
from ..memory import rehearsal
from ..protocol import CHANNEL, KIND_LEAF, LINE_END
from ..setup.child import Child
from ..tuning import KNOWN_REQUESTS, PRACTICE, SEVERAL_IN_A_ROW

# Milliseconds after a fork in which the worker and the child need the processors.
_PAUSE = 1
# The first that waits pays for it: each takes some 0.05 ms to lay out.
_MOST_AT_ONCE = 4 if SEVERAL_IN_A_ROW else 1
# Of leaves: with and without network, spare and not, of other limits, and whatever descriptors a package keeps open
# now and then.
_MOST_KNOWN = 32

_LINE_END = LINE_END.encode()


class Requests:
    """The requests of one zygote, in the order in which they come, each laid out as a child."""

    def __init__(self, control):
        self._control = control
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._known = {}
        self._practice = _Practice(self._lay_out) if PRACTICE else None

    def next(self):
        """Waits for a request. Returns it, and others that are there.

        Raises wire.Closed or ConnectionError if the worker is gone.
        """
        if self._practice is not None and not self._poll.poll(_PAUSE):
            self._practice.run()
        waiting = self._waiting = [self._next()]  # they stay, in the child, too
        while len(waiting) < _MOST_AT_ONCE and self._poll.poll(0):
            waiting.append(self._next())
        return waiting

    def _next(self):
        data, numbers = wire.receive_request(self._control)
        child = self._lay_out(data, numbers)
        if self._practice is not None and child.kind == KIND_LEAF:
            self._practice.remember(data, len(numbers))
        return child

    def _lay_out(self, data, numbers):
        common, *own = data.split(_LINE_END)
        key = common, numbers
        child = self._known.get(key)
        if child is not None:
            child.renew(*own)
            return child
        child = Child(wire.parse(common), own, numbers, self._control)
        if KNOWN_REQUESTS:
            if len(self._known) == _MOST_KNOWN:
                self._known.clear()
            self._known[key] = child
        return child


class _Practice:
    """All of the way to a fork, but for the fork, with the last request for a leaf once more."""

    def __init__(self, lay_out):
        self._lay_out = lay_out
        self._ours, self._theirs = wire.pair(wire.PACKETS)
        self._count = 0
        self.remember(rehearsal.REQUEST, rehearsal.DESCRIPTORS)

    def remember(self, data, count):
        """What to practise with, and how many descriptors go with it."""
        self._request = data
        if count != self._count:
            self._count = count
            self._beside = wire.with_descriptors([CHANNEL] * count)

    def run(self):
        self._ours.sendmsg((self._request,), self._beside)
        child = self._lay_out(*wire.receive_request(self._theirs))
        threads()
        child.close()
