"""Looks at a zygote after its packages were imported: what a fork would not carry over to its children.

What can be restored is noted down for the children (work/inheritance.py). What cannot, makes the package unfit for
zygotes: its functions import it themselves, in processes of their own.
"""

import ctypes
import fcntl
import functools
import gc
import os
import signal
import stat
import sys

from ..protocol import CHANNEL, PATH_HOST
from ..work import inheritance
from .asked_ids import AskedIds
from .fork_trial import ForkTrial

# A package's descriptors begin here: below are those that a child's set-up counts on to be unused.
_FIRST_OF_PACKAGES = 32
# Devices that are the same for everybody who opens them (null, zero, full, random, urandom).
_PLAIN_DEVICES = {os.makedev(1, minor) for minor in (3, 5, 7, 8, 9)}
# More is not carried over to each child.
MOST_FILES, MOST_BYTES = 256, 4 << 20
# Threads that their libraries start anew in a child by themselves, by their names: jemalloc's, which pyarrow has.
_STARTED_ANEW = ("jemalloc_bg_thd",)
# An entropy that numpy drew itself is a number of 128 bits; what somebody chose as a seed is shorter.
_DRAWN_BITS = 64
# Of a seed for everybody's generator: what is longer may be the time or a random number, and is not to be the same in
# all children.
_CHOSEN_BITS, _CHOSEN_LETTERS = 20, 16
_THREAD_LIBRARIES = ("openblas", "libgomp", "libomp", "libiomp", "mkl_rt", "libblis")
_THREAD_SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
    "omp_set_num_threads",
    "MKL_Set_Num_Threads",
    "bli_thread_set_num_threads",
)
_READ_ALL = "*"
_TASKS = "/proc/self/task"


class _Recorded(dict):
    """The variables behind os.environ, which remember who was asked for."""

    def __init__(self, variables, asked):
        super().__init__(variables)
        self._asked = asked

    def __getitem__(self, name):
        self._asked.add(os.fsdecode(name))
        return super().__getitem__(name)

    def __contains__(self, name):
        self._asked.add(os.fsdecode(name))
        return super().__contains__(name)

    def __iter__(self):
        self._asked.add(_READ_ALL)
        return super().__iter__()


class _Missing:
    """The last of all finders: comes to know what was looked for and not found."""

    def __init__(self, missed):
        self._missed = missed

    def find_spec(self, name, path=None, target=None):
        # Below a package that is no namespace nobody else can add a module.
        top = sys.modules.get(name.partition(".")[0])
        if path is None or getattr(top, "__file__", None) is None:
            self._missed.add(name)
        return None


class Examination:
    """Looks at this process while it imports packages."""

    # Variables that were asked for by packages of this zygote, or of those that it was forked from.
    asked = set()
    # Modules that these packages looked for, and did without.
    missed = set()

    def __init__(self):
        self.unfit = {}
        self._reserved = []
        self._seeded = set()
        self._forks = ForkTrial()
        self._ids = AskedIds()

    def __enter__(self):
        # Numbers that a child's set-up counts on to be unused are taken, so that packages get others.
        while True:
            number = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            self._reserved.append(number)
            if number >= _FIRST_OF_PACKAGES - 1:
                break
        # To import it here would have each fork carry what it needs itself, OpenSSL above all, if no package needs it.
        self._random = None
        self._until_random = _AtImport("random", self._watch_random)
        if "random" in sys.modules:
            self._watch_random(sys.modules["random"])
        else:
            sys.meta_path.insert(0, self._until_random)
        self._descriptors = open_descriptors()
        self._files = _scratch()
        self._generators = {id(found) for found in self._random_objects()}
        self._threads = set(sys._current_frames())
        self._tasks = set(os.listdir(_TASKS))
        self._variables = dict(os.environ)
        self._plain = os.environ._data
        recorded = _Recorded(self._plain, self.asked)
        os.environ._data = os.environb._data = recorded
        self._missing = _Missing(self.missed)
        sys.meta_path.append(self._missing)
        self._folder = os.getcwd()
        self._forks.__enter__()
        self._ids.__enter__()
        return self

    def _watch_random(self, module):
        self._random = module
        self._seed, self._own_seed = module.Random.seed, module.seed
        module.Random.seed = _recording_seed(self._seed, self._seeded, module._inst)
        module.seed = module._inst.seed

    def after(self, package):
        """Looks at what the import of this package left."""
        reason = self.look()
        if reason is not None:
            self.unfit.setdefault(package, reason)

    def look(self):
        """Looks at what was left since the last look: why no fork carries it over; None if there is no such thing."""
        reason = self._reason_of_threads() or _reason_of_timer() or _reason_of_children() or self._forks.reason()
        now = open_descriptors()
        for number in sorted(now - self._descriptors):
            reason = reason or _note_descriptor(number)
        reason = reason or self._ids.reason()
        self._descriptors |= now
        return reason

    def __exit__(self, kind, error, trace):
        self._forks.__exit__(kind, error, trace)
        self._ids.__exit__(kind, error, trace)
        if self._random is not None:
            self._random.Random.seed, self._random.seed = self._seed, self._own_seed
        elif self._until_random in sys.meta_path:
            sys.meta_path.remove(self._until_random)
        if self._missing in sys.meta_path:  # a package may have put others there
            sys.meta_path.remove(self._missing)
        plain = dict(os.environ._data)
        self._plain.clear()
        self._plain.update(plain)
        os.environ._data = os.environb._data = self._plain
        for number in self._reserved:
            os.close(number)
        if kind is None:
            self._note_environment()
            self._note_folder()
            self._note_files()
            self._note_generators()
            _note_threads()

    def _note_environment(self):
        for name in self._variables.keys() | os.environ.keys():
            value = os.environ.get(name)
            if value != self._variables.get(name):
                inheritance.environment[name] = value

    def _note_folder(self):
        try:
            folder = os.getcwd()
        except FileNotFoundError:
            return  # removed, and none that a child could go to
        if folder != self._folder:
            inheritance.remember_folder(folder)

    def _note_files(self):
        size = 0
        found = _scratch()
        made = [path for path in found if path not in self._files]
        for path in made[:MOST_FILES]:
            mode = found[path]
            content = None
            if stat.S_ISLNK(mode):
                content = os.readlink(path)
            elif stat.S_ISREG(mode):
                size += os.path.getsize(path)
                if size > MOST_BYTES:
                    break
                with open(path, "rb") as file:
                    content = file.read()
            elif not stat.S_ISDIR(mode):
                continue
            inheritance.remember_file(path, stat.S_IMODE(mode), content)

    def _note_generators(self):
        for found in self._random_objects():
            seed = self._random.Random.seed  # the class's own: that of a package may want an argument
            if id(found) not in self._generators and id(found) not in self._seeded:
                inheritance.remember_generator(lambda found=found, seed=seed: seed(found))
        for found in _numpy_generators():
            inheritance.remember_generator(found)
        self._note_shared_generators()

    def _note_shared_generators(self):
        if self._random is not None:
            python = self._random._inst
            if id(python) in self._seeded:
                _noted.add("seed of random")
            if "seed of random" in _noted:  # else Python would give each child another one
                inheritance.remember_generator(functools.partial(python.setstate, python.getstate()))
        torch = sys.modules.get("torch")
        if torch is not None and "torch" not in _noted and hasattr(torch, "default_generator"):
            _noted.add("torch")
            inheritance.remember_generator(torch.default_generator.seed)

    def _reason_of_threads(self):
        started = set(sys._current_frames()) - self._threads
        threads = sys.modules["threading"].enumerate() if started and "threading" in sys.modules else ()
        names = [thread.name for thread in threads if thread.ident in started]
        if started and not names:
            names = ["%d without a name" % len(started)]
        names = names or self._tasks_of_libraries()
        return "it starts threads (%s)" % ", ".join(sorted(names)) if names else None

    def _tasks_of_libraries(self):
        """Names of threads that Python does not know. A fork has none of them: what waits for one hangs."""
        found = []
        for number in set(os.listdir(_TASKS)) - self._tasks:
            try:
                with open("%s/%s/comm" % (_TASKS, number)) as file:
                    found.append(file.read().strip())
            except OSError:
                pass  # it has ended
        return [name for name in found if name not in _STARTED_ANEW]

    def _random_objects(self):
        """Generators of the standard library's kind, but for its own, which Python seeds anew in each child."""
        kinds = self._random
        if kinds is None:
            return
        for found in gc.get_objects():
            # isinstance would ask an object of a package what it is: lazy ones would become what they stand for.
            kind = type(found)
            if issubclass(kind, kinds.Random) and found is not kinds._inst:
                if not issubclass(kind, kinds.SystemRandom):
                    yield found


class _AtImport:
    """Has somebody see a module as soon as it was imported, once. Finds it as Python does."""

    def __init__(self, name, action):
        self._name = name
        self._action = action

    def find_spec(self, name, path=None, target=None):
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self._loader = spec.loader
                spec.loader = self
                return spec
        return None

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._action(module)


# What was noted down already, in this zygote or in those that it was forked from.
_noted = set()


def open_descriptors():
    """Numbers above those that every sandbox has open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number > CHANNEL:
            try:
                os.fstat(number)
            except OSError:
                continue  # that of the folder itself
            found.add(number)
    return found


def _note_descriptor(number):
    """Notes down how a child opens it anew. Returns why none can, or None."""
    try:
        status = os.fstat(number)
        flags = fcntl.fcntl(number, fcntl.F_GETFL)
        path = os.readlink("/proc/self/fd/%d" % number)
    except OSError:
        return None  # closed again
    reads_only = flags & os.O_ACCMODE == os.O_RDONLY
    if stat.S_ISCHR(status.st_mode) and status.st_rdev in _PLAIN_DEVICES:
        inheritance.remember_descriptor(number, path, flags | os.O_CLOEXEC, 0)
        return None
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        if not reads_only:
            return "it keeps %s open for writing" % path
        if _is_locked(number):
            return "it keeps %s locked" % path
        if _is_same(path, status) and not path.startswith(PATH_HOST + "/"):
            offset = os.lseek(number, 0, os.SEEK_CUR) if stat.S_ISREG(status.st_mode) else 0
            inheritance.remember_descriptor(number, path, flags | os.O_CLOEXEC, offset)
            return None
        return "it keeps %s open, which its children do not have" % path
    return "it keeps %s open" % (path if path.startswith("/") else "a " + _kind_of(path))


def _is_locked(number):
    """By flock(2), fcntl(2) or as a lease. A child would not hold what it opens anew, while the zygote goes on to."""
    with open("/proc/self/fdinfo/%d" % number) as file:
        return any(line.startswith("lock:") for line in file)


def _kind_of(path):
    """Of what stands behind a descriptor that is no file: "socket:[123]", "anon_inode:[eventpoll]"."""
    kind, _, rest = path.partition(":")
    return rest.strip("[]") if kind == "anon_inode" else kind


def _is_same(path, status):
    try:
        found = os.stat(path)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)


def _reason_of_timer():
    timers = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
    return "it sets a timer" if any(signal.getitimer(timer)[0] for timer in timers) else None


def _reason_of_children():
    """Those of a zygote are not those of its children: whoever asks how one ended would be told that it went well."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return "it keeps a process that it started"


def _scratch():
    """What is in the scratch folder, which is another one in each child: modes by path, folders first."""
    found = {}
    for folder, folders, files in os.walk(PATH_HOST):
        for name in folders + files:
            path = os.path.join(folder, name)
            try:
                found[path] = os.lstat(path).st_mode
            except OSError:
                pass  # gone again
    return found


def _recording_seed(original, seeded, of_all):
    """random.Random.seed, which remembers generators whose numbers somebody chose: they are to be the same always."""

    @functools.wraps(original)
    def seed(self, a=None, *rest, **named):
        chosen = _is_constant(a) if self is of_all else a is not None
        (seeded.add if chosen else seeded.discard)(id(self))
        return original(self, a, *rest, **named)

    return seed


def _is_constant(seed):
    if isinstance(seed, int):
        return seed.bit_length() <= _CHOSEN_BITS
    return isinstance(seed, (str, bytes)) and len(seed) < _CHOSEN_LETTERS


def _numpy_generators():
    """For each generator of numpy's that was not given a seed: a function that gives it a state of its own."""
    numpy_random = sys.modules.get("numpy.random")
    kinds = tuple(filter(None, (getattr(numpy_random, name, None) for name in ("Generator", "RandomState"))))
    # numpy's own, behind its functions, is seeded in each leaf in any case (work/code.py).
    shared = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
    for found in gc.get_objects() if kinds else ():
        # issubclass as above.
        if not issubclass(type(found), kinds) or found is shared or id(found) in _noted:
            continue
        _noted.add(id(found))
        bits = getattr(found, "bit_generator", None) or found._bit_generator
        # An old RandomState that got a seed has none of these.
        seed = getattr(bits, "seed_seq", None) or getattr(bits, "_seed_seq", None)
        entropy = getattr(seed, "entropy", None)
        if isinstance(entropy, int) and entropy.bit_length() > _DRAWN_BITS:
            yield lambda found=found, bits=bits: _draw_anew(found, bits)


def _draw_anew(generator, bits):
    bits.state = type(bits)().state
    if hasattr(generator, "set_state"):  # of a RandomState, which keeps every second normal number for later
        state = generator.get_state(legacy=False)
        generator.set_state(dict(state, has_gauss=0, gauss=0.0))


def _note_threads():
    """Finds the functions of numeric libraries that set their number of threads."""
    with open("/proc/self/maps") as file:
        paths = {line.split(None, 5)[5].strip() for line in file if line.count("/") > 1}
    for path in sorted(paths - _noted):
        if any(name in os.path.basename(path) for name in _THREAD_LIBRARIES):
            _noted.add(path)
            library = ctypes.PyDLL(path)
            for name in _THREAD_SETTERS:
                setter = getattr(library, name, None)
                if setter is not None:
                    setter.argtypes, setter.restype = [ctypes.c_int], None
                    inheritance.remember_thread_setter(setter)
                    break
