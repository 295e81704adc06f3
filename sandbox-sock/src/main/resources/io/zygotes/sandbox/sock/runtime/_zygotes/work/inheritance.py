"""What a child has to restore of its zygote, because a fork does not carry it over or would share it.

The zygote notes it down once its packages are imported (serving/examination.py), and each child restores it before code
of its lambda runs. Nearly all zygotes have nothing of the kind; then their children do nothing here.
"""

import os

from ..memory import mappings

# Environment variables that packages changed while they were imported, with what they are now; None if they are gone.
environment = {}
# What restore() calls. A leaf goes through it by itself: one more function is two pages more to copy.
restorers = []
# Files whose content the next restore would write, by path; see remember_files.
_files = {}
# Functions that set how many threads a library computes with, as the library has them.
_thread_setters = []


def restore():
    """In a child, before code of its lambda runs: restores all that was noted down."""
    for restorer in restorers:
        restorer()


def whole(variables):
    """An environment for a child, and what packages of its zygote changed in it."""
    changed = dict(variables)
    for name, value in environment.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed.setdefault(name, value)
    return changed


def compute_with(threads):
    """Lets libraries that compute with several threads do so.

    While it imported, the zygote had them do with one: a fork has none of the others.
    """
    for setter in _thread_setters:
        setter(threads)


def remember_thread_setter(setter):
    _thread_setters.append(setter)


def remember_descriptor(number, path, flags, offset):
    """An open file that a package only reads: a child opens it anew, because a shared one has one offset for all."""

    def reopen():
        opened = os.open(path, flags)
        if offset:
            os.lseek(opened, offset, os.SEEK_SET)
        if opened != number:
            os.dup2(opened, number, False)
            os.close(opened)

    restorers.append(reopen)


def remember_shared(regions):
    """Memory that a package shares with its children: (start, size, protection), as memory.mappings has it."""
    for region in regions:
        restorers.append(lambda region=region: mappings.share_anew(*region))


def remember_file(path, mode, content):
    """A file (bytes), a folder (None) or a link (str) that a package made in the scratch folder, which each child has
    anew."""
    if not _files:
        restorers.insert(0, _restore_files)  # what is open in them comes later
    _files[path] = mode, content


def _restore_files():
    for path, (mode, content) in _files.items():
        if os.path.lexists(path):
            continue
        if content is None:
            os.mkdir(path, mode)
        elif isinstance(content, str):
            os.symlink(content, path)
        else:
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, mode)


def remember_folder(path):
    """The working directory, which a package changed."""
    restorers.append(lambda: os.chdir(path))


def remember_generator(draw_anew):
    """A generator of random numbers that a package made for itself, by the function that seeds it from the kernel."""
    restorers.append(draw_anew)
