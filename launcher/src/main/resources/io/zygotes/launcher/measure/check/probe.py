"""The lambda with which packages are checked: imports one, uses it, and tells all that could differ from elsewhere.

Runs as f.py in sandboxes and, with the same packages, in plain Python; what differs then is a zygote that can be seen.
subject.json beside it names the modules to import. Standard library only. Nothing in here may look to the worker as
if this code changed modules of others: it would be served by a fresh process then, for that reason alone.
"""

import atexit
import builtins
import copyreg
import decimal
import faulthandler
import gc
import importlib
import json
import locale
import logging
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
import zlib

_LONGEST = 300  # characters of what is told of one value
_MOST_FILES = 200
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_FUNCTIONS = {"function", "builtin_function_or_method", "method", "method_descriptor", "cython_function_or_method"}
_CHILD_SECONDS = 90
_EXIT_SECONDS = 20
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{4,}")
_OWN = {__name__, "zygotes_check_exercises"}
# Functions of the standard library that packages like to replace.
_REPLACED = (
    ("builtins", ("open", "print", "input", "exit", "quit", "__import__")),
    ("json", ("dumps", "loads")),
    ("os", ("fork", "read", "write", "environ", "getcwd", "urandom")),
    ("random", ("random", "seed", "choice")),
    ("socket", ("socket", "create_connection", "getaddrinfo")),
    ("ssl", ("SSLContext", "create_default_context", "SSLSocket")),
    ("subprocess", ("Popen", "run")),
    ("threading", ("Thread", "Lock", "local")),
    ("time", ("sleep", "time")),
    ("urllib.request", ("urlopen", "_opener")),
)


class Output:
    """Takes what is written to the standard output and error meanwhile, also by C code and by children."""

    def __enter__(self):
        self._files = [os.memfd_create("output", 0) for _ in range(2)]
        _flush()
        self._kept = [os.dup(1), os.dup(2)]
        for number, file in zip((1, 2), self._files):
            os.dup2(file, number)
        return self

    def __exit__(self, *_):
        _flush()
        for number, kept in zip((1, 2), self._kept):
            os.dup2(kept, number)
            os.close(kept)
        self.texts = []
        for file in self._files:
            os.lseek(file, 0, os.SEEK_SET)
            with open(file, "rb") as content:
                self.texts.append(_stable(content.read(1 << 16).decode("utf-8", "replace")))

    def told(self):
        return {name: text for name, text in zip(("out", "err"), self.texts) if text}


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # a package closed or replaced it


def _stable(text):
    """A text without what is another one in each process, or on each host."""
    host = socket.gethostname()
    text = _ADDRESS.sub("0x", text)
    if len(host) > 3:
        text = text.replace(host, "HOSTNAME")
    return re.sub(r"\bpid=?\s?%d\b" % os.getpid(), "pid", text)


def _name(value):
    """What a function or class is called, wherever it is defined."""
    if value is None or type(value) in _PLAIN:
        return repr(value)
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if type(module) is str and type(name) is str:
        return module + "." + name
    return type(value).__module__ + "." + type(value).__qualname__


def _said(error):
    try:
        text = str(error)
    except BaseException:
        text = ""
    return _stable("%s: %s" % (type(error).__name__, text))[:_LONGEST]


# What a value is


def describe(value):
    """A value in a line, the same in each process if the value is. Runs no code of the value's."""
    kind = type(value)
    if kind in _PLAIN:
        return "%s %s" % (kind.__name__, _stable(repr(value))[:_LONGEST])
    if kind in (tuple, list, set, frozenset):
        if all(type(part) in _PLAIN for part in value):
            parts = [repr(part) for part in value]
            text = ", ".join(parts if kind in (tuple, list) else sorted(parts))
            return "%s of %d: %s" % (kind.__name__, len(value), _stable(text)[:_LONGEST])
        return "%s of %d" % (kind.__name__, len(value))
    if kind is dict:
        names = sorted(name for name in value if type(name) is str)
        return "dict of %d: %s" % (len(value), _stable(", ".join(names))[:_LONGEST])
    if kind is type(sys):
        return "module " + value.__name__
    if issubclass(kind, type):  # isinstance would run code of the value's
        names = sorted(name for name in vars(value) if not name.startswith("_"))
        return "class %s with %d: %s" % (_name(value), len(names), ", ".join(names)[:_LONGEST])
    if kind.__name__ in _FUNCTIONS:
        return "%s %s" % (kind.__name__, _name(value))
    return "a %s.%s" % (kind.__module__, kind.__qualname__)


def _safely(value):
    try:
        return describe(value)
    except BaseException as error:  # a metaclass of the package's
        return "nothing that can be described (%s)" % type(error).__name__


def attributes(tops):
    """For each loaded module of the package: its public attributes, with what they are."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in tops and type(getattr(module, "__dict__", None)) is dict:
            found[name] = {
                each: _safely(value)
                for each, value in list(vars(module).items())
                if type(each) is str and (not each.startswith("_") or each in ("__all__", "__version__"))
            }
    return found


# What surrounds it


def state():
    """All that an import or a call may change in a process and beside it, one line each: "kind: what"."""
    lines = []
    for look in _LOOKS:
        kind = look.__name__.lstrip("_").replace("_", " ")
        try:
            lines += ["%s: %s" % (kind, _stable(str(line))[:_LONGEST]) for line in look()]
        except BaseException as error:
            lines.append("%s: %s" % (kind, _said(error)))
    return sorted(lines)


def _environment():
    return ["%s=%s" % item for item in os.environ.items()]


def _working_directory():
    return [os.getcwd()]


def _file_mode_mask():
    mask = os.umask(0o022)
    os.umask(mask)
    return [oct(mask)]


def _files_in_tmp():
    found = []
    for folder, folders, files in os.walk("/tmp"):
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            try:
                status = os.lstat(path)
            except OSError:
                continue
            found.append("%s %s %s" % (path, oct(status.st_mode), "" if name in folders else status.st_size))
            if len(found) == _MOST_FILES:
                return found
    return found


def _signal_handlers():
    handlers = []
    for number in sorted(signal.valid_signals()):
        handlers.append("%d %s" % (number, _name(signal.getsignal(number))))
    return handlers


def _blocked_signals():
    return sorted(int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def _timers():
    return [
        number
        for number in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
        if signal.getitimer(number) != (0.0, 0.0)
    ]


def _threads():
    return [re.sub(r"\d+", "N", thread.name) + " " + str(thread.daemon) for thread in threading.enumerate()]


def _children():
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    program, _, rest = file.read().rpartition(b")")
            except OSError:
                continue
            fields = rest.split()
            if int(fields[1]) == os.getpid():
                found.append("%s %s" % (program.partition(b"(")[2].decode("utf-8", "replace"), fields[0].decode()))
    return found


def _descriptors():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue  # that of the folder itself
        found.append(re.sub(r"\[\d+\]", "", path))
    return found


def _arguments():
    return sys.argv


def _module_search_path():
    return [path for path in sys.path if path]


def _interpreter():
    yield "recursion limit %d" % sys.getrecursionlimit()
    yield "switch interval %s" % sys.getswitchinterval()
    yield "trace %s" % _name(sys.gettrace())
    yield "profile %s" % _name(sys.getprofile())
    yield "garbage collection %s %s" % (gc.isenabled(), gc.get_threshold())
    yield "faulthandler %s" % faulthandler.is_enabled()
    yield "traceback limit %s" % getattr(sys, "tracebacklimit", None)
    yield "warn options %s" % sys.warnoptions
    yield "interactive %s" % hasattr(sys, "ps1")


def _hooks():
    for name in ("excepthook", "displayhook", "breakpointhook", "unraisablehook"):
        yield "%s %s" % (name, _name(getattr(sys, name)))
    yield "threads' excepthook %s" % _name(threading.excepthook)
    for name in ("meta" + "_path", "path" + "_hooks"):
        for hook in getattr(sys, name):
            yield "%s %s" % (name, _name(hook))
    # Another one of the same kind for each package that registers one.
    yield "at exit %d" % atexit._ncallbacks()


def _standard_streams():
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        shape = [getattr(stream, part, None) for part in ("encoding", "errors", "line_buffering", "closed")]
        yield "%s %s %s" % (name, _name(type(stream)), shape)


def _builtin_names():
    return [name for name in dir(builtins) if name != "_"]


# What is as it was when its module had just been imported is not told here: one process may have imported it, and
# another one not.


def _replaced_functions():
    for module, names in _REPLACED:
        if module in sys.modules:
            for name in names:
                value = getattr(sys.modules[module], name, None)
                if value is not None and _name(value) != "%s.%s" % (module, name):
                    yield "%s.%s is %s" % (module, name, _name(value))


def _locales():
    yield locale.setlocale(locale.LC_ALL)
    yield locale.getpreferredencoding(False)


def _sockets():
    yield "default timeout %s" % socket.getdefaulttimeout()


def _warning_filters():
    for action, message, category, module, line in warnings.filters:
        pattern = [getattr(part, "pattern", part) for part in (message, module)]
        yield "%s %s %s %s" % (action, category.__name__, pattern, line)
    yield "shown by %s" % _name(warnings.showwarning)


def _logs():
    root = logging.getLogger()
    yield "root %s" % _logger(root)
    yield "class %s" % _name(logging.getLoggerClass())
    yield "disabled below %s" % root.manager.disable
    yield "raises %s" % logging.raiseExceptions
    yield "last resort %s" % _name(type(logging.lastResort))
    for name, logger in list(root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            if logger.level or logger.handlers or logger.filters or not logger.propagate or logger.disabled:
                yield "%s %s" % (name, _logger(logger))
    for number, name in sorted(logging._levelToName.items()):
        yield "level %d %s" % (number, name)


def _logger(logger):
    handlers = [_name(type(handler)) for handler in logger.handlers]
    return "level %d, %s, %d filters, propagates %s, disabled %s" % (
        logger.level,
        handlers,
        len(logger.filters),
        logger.propagate,
        logger.disabled,
    )


def _pickles():
    return [_name(kind) for kind in copyreg.dispatch_table]


def _number_context():
    return [decimal.getcontext()]


def _event_loops():
    events = sys.modules.get("asyncio.events")
    if events is not None:
        for what, value in (
            ("policy", getattr(events, "_event_loop_policy", None)),
            ("running", events._get_running_loop()),
        ):
            if value is not None:
                yield "%s %s" % (what, _name(type(value)))


def _start_of_processes():
    context = sys.modules.get("multiprocessing.context")
    method = context and context._default_context.get_start_method(allow_none=True)
    if method is not None:
        yield method


def _limits():
    for name in ("CORE", "DATA", "NOFILE", "STACK", "NPROC", "AS"):
        yield "%s %s" % (name, resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0])
    yield "priority %d" % os.getpriority(os.PRIO_PROCESS, 0)


_LOOKS = (
    _environment,
    _working_directory,
    _file_mode_mask,
    _files_in_tmp,
    _signal_handlers,
    _blocked_signals,
    _timers,
    _threads,
    _children,
    _descriptors,
    _arguments,
    _module_search_path,
    _interpreter,
    _hooks,
    _standard_streams,
    _builtin_names,
    _replaced_functions,
    _locales,
    _sockets,
    _warning_filters,
    _logs,
    _pickles,
    _number_context,
    _event_loops,
    _start_of_processes,
    _limits,
)


def generators():
    """What each generator of random numbers of a package would give next: to be seen again in no other process."""
    found = [random.getstate()]
    found += [
        each.getstate()
        for each in gc.get_objects()
        if issubclass(type(each), random.Random)  # isinstance would run code of the object's, which may be a lazy one
        and each is not random._inst
        and not issubclass(type(each), random.SystemRandom)
    ]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        found.append(numpy_random.get_state())
        seen = set()
        for module in list(sys.modules.values()):
            for value in list(getattr(module, "__dict__", {}).values()):
                if type(value).__name__ in ("Generator", "RandomState") and id(value) not in seen:
                    seen.add(id(value))
                    bits = getattr(value, "bit_generator", None)
                    found.append(bits.state if bits is not None else value.get_state())
    return [zlib.crc32(repr(each).encode()) for each in found]


# The package


def _import(modules):
    said = {}
    for name in modules:
        try:
            importlib.import_module(name)
            said[name] = "ok"
        except BaseException as error:  # SystemExit too
            said[name] = _said(error)
    return said


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "subject.json"), encoding="utf-8") as _file:
    _SUBJECT = json.load(_file)
_MODULES = _SUBJECT["modules"]
_TOPS = {_module.partition(".")[0] for _module in _MODULES}
_preloaded = [_module for _module in _MODULES if _module in sys.modules]
_present = [_module for _module in _SUBJECT["all"] if _module in sys.modules]
_before = state()
with Output() as _output:
    _imported = _import(_SUBJECT["first"] + _MODULES)
_told = {
    "preloaded": _preloaded,
    "present": _present,
    "imports": {name: said for name, said in _imported.items() if name in _MODULES},
    "import_output": _output.told(),
    "before": _before,
    "after_import": state(),
    "modules": sorted(name for name in sys.modules if name.partition(".")[0] not in _OWN),
}


def _exercised():
    """Uses the package as somebody would, where it is known how."""
    if not _SUBJECT["exercise"]:
        return None
    try:
        import zygotes_check_exercises as exercises

        return _stable(str(exercises.run(_SUBJECT["exercise"])))
    except BaseException as error:
        return _said(error)


def _in_child():
    """Imports the package in an interpreter that is started for it."""
    program = "import sys, %s; print('imported by', sys.executable)" % ", ".join(
        name for name in _MODULES if _imported.get(name) == "ok"
    )
    if program.startswith("import sys, ;"):
        return None
    try:
        ended = subprocess.run(
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=_CHILD_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return [_said(error)]
    return [ended.returncode] + [_stable(text.decode("utf-8", "replace")) for text in (ended.stdout, ended.stderr)]


def _exits():
    """How a child ends that has the package and runs what it left for the exit."""
    _flush()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_EXIT_SECONDS)
            atexit._run_exitfuncs()
            _flush()
        finally:
            os._exit(0)
    deadline = time.monotonic() + 2 * _EXIT_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "it does not end"


def f(event):
    """One call. "attributes" are told as checksums, "describe" says of which the text is wanted."""
    if "describe" in event:
        found = attributes(_TOPS)
        return [[module, name, found.get(module, {}).get(name)] for module, name in event["describe"]]
    told = dict(_told) if event["call"] == 1 else {}
    if event.get("attributes") == "texts":
        told["attributes"] = attributes(_TOPS)
    elif event["call"] == 1:
        told["attributes"] = {
            module: {name: zlib.crc32(text.encode("utf-8", "replace")) for name, text in found.items()}
            for module, found in attributes(_TOPS).items()
        }
    told["random"] = generators()
    with Output() as output:
        told["result"] = _exercised()
        if event.get("child"):
            told["child"] = _in_child()
            told["exit"] = _exits()
    told["output"] = output.told()
    told["after_call"] = state()
    return told
