"""What a sandbox's work finds in its interpreter: the environment and its packages."""

import os
import sys

from ..protocol import PATH_PACKAGES


def set_environment(variables):
    """Makes this the whole environment. Only what differs is touched: a forked child has most of it already."""
    for name in [name for name in os.environ if name not in variables]:
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def add_packages(names):
    """Makes packages importable, after the standard library as site-packages would be."""
    for name in names:
        path = PATH_PACKAGES + "/" + name
        if path not in sys.path:
            sys.path.append(path)
