"""Compiles Python files: a lambda of the worker's own, which runs nothing of what it is given.

The event has a "folder" and "files", from paths below that folder to their texts in base64; so has the answer, to byte
code that never looks at its source again (PEP 552), because neither ever changes. What cannot be compiled stands under
"failed" with the reason, and fails when it is imported, with its traceback.
"""

import base64
import importlib.util
import marshal
import warnings

FLAGS = (1).to_bytes(4, "little")  # a hash of the source stands in it, which nobody compares


def byte_code(path, source):
    code = compile(source, path, "exec", dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + FLAGS + importlib.util.source_hash(source) + marshal.dumps(code)


def f(event):
    warnings.simplefilter("ignore")  # whoever imports the file without byte code sees them, as in plain Python
    files, failed = {}, {}
    for path, text in event["files"].items():
        try:
            files[path] = base64.b64encode(byte_code(event["folder"] + "/" + path, base64.b64decode(text))).decode(
                "ascii"
            )
        except Exception as error:
            failed[path] = str(error)
    return {"files": files, "failed": failed}
