"""Prints as JSON what the worker has to know of this interpreter."""

import json
import os
import platform
import sys


def full_version(info):
    version = "%d.%d.%d" % info[:3]
    return version if info.releaselevel == "final" else version + info.releaselevel[0] + str(info.serial)


print(
    json.dumps(
        {
            "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
            "version": list(sys.version_info[:3]),
            "cache_tag": sys.implementation.cache_tag,
            "markers": {
                "implementation_name": sys.implementation.name,
                "implementation_version": full_version(sys.implementation.version),
                "os_name": os.name,
                "platform_machine": platform.machine(),
                "platform_python_implementation": platform.python_implementation(),
                "platform_release": platform.release(),
                "platform_system": platform.system(),
                "platform_version": platform.version(),
                "python_full_version": platform.python_version(),
                "python_version": ".".join(platform.python_version_tuple()[:2]),
                "sys_platform": sys.platform,
            },
        }
    )
)
