"""What the worker tells a child after its birth: what to mount, then to go."""

import os

from .. import wire
from ..linux import files, mounts
from ..linux.calls import Calls, do
from ..protocol import CHANNEL, FRAME_GO, FRAME_MOUNT, KEY_MOUNTS, PATH_HANDLER, PATH_PACKAGES, PATH_PROGRAMS
from .first import UNUSED

_TMPFS_FLAGS = mounts.MS_NOSUID | mounts.MS_NODEV
_TMPFS_OPTIONS = "size=1m,nr_inodes=4096,mode=755"

# Bound as it was before a package may have put another one in its place.
_close = os.close


class Orders:
    """What one child is told on its channel."""

    def __init__(self, control, is_zygote):
        """control is a socket object with the number of the child's channel: it serves for that one, too."""
        self._control = control
        self._is_packet = is_zygote
        self._unsealed = set()
        # What most spares are told in the end, with the lowest unused descriptor: it goes without saying.
        self._slot = (UNUSED,)
        self._usual = Calls()
        self._usual.add("mounts", mounts.move_mount(UNUSED, PATH_HANDLER), files.close(UNUSED))

    def follow(self):
        """Does what the worker says until it says go. Returns the rest of what it says then."""
        kind = FRAME_MOUNT
        while kind != FRAME_GO:
            kind, body, trees = wire.receive_order(self._control, self._is_packet)
            if not body:
                self._attach_handler(trees)
                return {}
            told = wire.parse(body)
            self._attach(told[KEY_MOUNTS], trees)
        if PATH_PACKAGES in self._unsealed:
            _link_programs()
        for top in self._unsealed:
            do(mounts.set_attributes(top, mounts.MOUNT_ATTR_RDONLY, False))
        return told

    def rehearse(self, control, then):
        """Takes the usual orders from another socket without making their calls, and goes on with what follows."""
        kept = self._control, self._slot
        slot = os.dup(CHANNEL)  # the descriptor that comes gets this number
        _close(slot)
        self._control, self._slot = control, (slot,)
        self._usual.mute()
        then(self.follow())
        self._usual.unmute()
        _close(slot)
        self._control, self._slot = kept

    def _attach_handler(self, trees):
        if trees == self._slot:
            self._usual.run()
            if self._usual.broken_at is not None:
                self._usual.check()
        else:
            self._attach([[PATH_HANDLER, True]], trees)

    def _attach(self, places, trees):
        """Mounts the trees; each place is a path and whether that is a folder."""
        for tree, (target, is_folder) in zip(trees, places):
            top = "/" + target.split("/")[1]
            if target != top:
                if top not in self._unsealed:
                    self._unsealed.add(top)
                    do(mounts.mount("tmpfs", top, "tmpfs", _TMPFS_FLAGS, _TMPFS_OPTIONS))
                if is_folder:
                    os.makedirs(target)
                else:
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
            do(mounts.move_mount(tree, target))
            _close(tree)


def _link_programs():
    """Links the programs of all packages (console scripts) into one folder, which is on PATH."""
    os.mkdir(PATH_PROGRAMS)
    for package in sorted(os.listdir(PATH_PACKAGES)):
        try:
            names = os.listdir("%s/%s/bin" % (PATH_PACKAGES, package))
        except OSError:
            continue  # nearly all have none
        for name in names:
            try:
                os.symlink("../%s/bin/%s" % (package, name), "%s/%s" % (PATH_PROGRAMS, name))
            except FileExistsError:
                pass  # two packages have a program of the same name
