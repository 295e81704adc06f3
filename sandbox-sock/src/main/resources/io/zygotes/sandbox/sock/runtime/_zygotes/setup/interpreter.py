"""What a sandbox's work finds in its interpreter: the environment, its packages, and modules of its own."""

import os
import site
import sys
import time

from ..protocol import PATH_PACKAGES

# Modules at the top that a program which does nothing has imported, and those that this package imports for itself.
_at_start = set()
_of_runtime = set()
# What a zygote without packages imported, because it was told to.
_preloaded = set()


def remember_start(names):
    """Tells which modules there were when the interpreter had just started."""
    _at_start.update(_top(names))


def remember_runtime():
    """Tells that what is imported from now on is imported by packages."""
    _of_runtime.update(_top(sys.modules))


def imported_by_runtime():
    """Modules that this package imported, which a program that does nothing has not. Built-in ones always win."""
    return sorted(_of_runtime - _at_start - set(sys.builtin_module_names) - {__package__.split(".", 1)[0]})


def remember_preloaded():
    """Tells that what was imported until now, and not by this package, was imported ahead of any package."""
    _preloaded.update(_top(sys.modules) - _of_runtime - _at_start)


def preloaded():
    return sorted(_preloaded)


def imported_by_packages():
    return sorted(_top(sys.modules) - _of_runtime - _at_start - _preloaded)


def _top(names):
    return {name.partition(".")[0] for name in names}


def forget(names):
    """Modules with these names are looked for again: those of the lambda win, as they do in any program.

    Whoever imported one before keeps the one that he has.
    """
    shadowed = set(names) - _at_start - set(sys.builtin_module_names)
    for name in list(sys.modules):
        if name.partition(".")[0] in shadowed:
            del sys.modules[name]


def set_environment(variables):
    """Makes this the whole environment. Only what differs is touched: a forked child has most of it already."""
    for name in [name for name in os.environ if name not in variables]:
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    if "TZ" in variables:
        time.tzset()  # the C library reads it once (tzset(3))


def add_packages(names):
    """Makes packages importable, after the standard library as site-packages would be, and runs their .pth files."""
    added = []
    for name in names:
        path = PATH_PACKAGES + "/" + name
        if path not in sys.path:
            site.addsitedir(path)
            added.append(path)
    _tell_pkg_resources(added)
    _extend_namespaces(added)


def _tell_pkg_resources(paths):
    """It looked at what is installed when it was imported, in a zygote, and not since."""
    working_set = getattr(sys.modules.get("pkg_resources"), "working_set", None)
    if working_set is not None:
        for path in paths:
            working_set.add_entry(path)


def _extend_namespaces(paths):
    """Packages of the kind before PEP 420 share a name by looking through sys.path when the first is imported."""
    for path in paths:
        for name in os.listdir(path):
            module = sys.modules.get(name)
            if module is not None and os.path.isfile(os.path.join(path, name, "__init__.py")):
                _extend(module, os.path.join(path, name))


def _extend(module, folder):
    search = getattr(module, "__path__", None)
    if type(search) is not list or folder in search or not _shares(module):
        return
    import pkgutil  # few packages need it

    module.__path__ = pkgutil.extend_path(search, module.__name__)
    if folder not in module.__path__:
        module.__path__.append(folder)
    for name in os.listdir(folder):
        below = sys.modules.get(module.__name__ + "." + name)
        if below is not None and os.path.isfile(os.path.join(folder, name, "__init__.py")):
            _extend(below, os.path.join(folder, name))


def _shares(module):
    """Whether a package says in its own code that it shares its name."""
    try:
        with open(module.__file__, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except (OSError, TypeError, AttributeError):
        return False
    return "extend_path" in text or "declare_namespace" in text
