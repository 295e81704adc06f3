"""Compiles the Python files below a folder. The byte code never looks at the source again: both never change."""

import os
import py_compile
import sys

failed = 0
for folder, folders, files in os.walk(sys.argv[1]):
    folders[:] = [name for name in folders if name != "__pycache__"]
    for name in files:
        path = os.path.join(folder, name)
        if name.endswith(".py") and os.path.isfile(path) and not os.path.islink(path):
            try:
                py_compile.compile(path, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            except Exception as error:  # a file that cannot be compiled fails when it is imported, with its traceback
                failed += 1
                print("%s: %s" % (path, error))
print("compiled, %d files failed" % failed)
