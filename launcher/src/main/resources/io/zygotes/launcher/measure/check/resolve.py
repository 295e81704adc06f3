"""Finds for each package which versions of it and of all that it needs pip would install together.

Its input is JSON: names (or pins), and constraints (lines of a constraints file). Its output is JSON: for each name
either pins, all of them with the package itself first, or an error. Packages that agree get the same versions, as far
as that goes. Nothing is installed; of packages without a wheel the metadata is built, which runs code of theirs.
Standard library and pip only.
"""

import json
import os
import subprocess
import sys
import tempfile

_AT_ONCE = 40
_SECONDS = 240

try:
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
    from pip._vendor.packaging.utils import canonicalize_name
except ImportError:
    sys.exit("this Python has no pip: install it, for example with 'apt-get install python3-pip'")


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _pip(names, constraints):
    """What pip would install, or why it would not."""
    with tempfile.TemporaryDirectory() as folder:
        report, limits = os.path.join(folder, "report.json"), os.path.join(folder, "constraints.txt")
        with open(limits, "w") as file:
            file.write("\n".join(constraints))
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-input", "--quiet"]
        command += ["--disable-pip-version-check", "--root-user-action=ignore", "--prefer-binary", "--report", report]
        try:
            ended = subprocess.run(
                command + ["-c", limits, *names],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return None, "pip finds no versions that go together within %d s" % _SECONDS
        if ended.returncode != 0:
            return None, _reason(ended.stdout.decode("utf-8", "replace"))
        with open(report) as file:
            return json.load(file)["install"], None


def _reason(said):
    lines = [line.strip() for line in said.splitlines()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines[-3:]
    return " ".join(errors)[-600:] or "pip said nothing"


class _Installed:
    """What pip would install together."""

    def __init__(self, report):
        self._pins, self._needs = {}, {}
        for each in report:
            metadata = each["metadata"]
            name = canonicalize_name(metadata["name"])
            self._pins[name] = name + "==" + metadata["version"]
            self._needs[name] = metadata.get("requires_dist") or []

    def constraints(self):
        return list(self._pins.values())

    def closure(self, wanted):
        """The pins of a package and of all that it needs, extras included; itself first."""
        found, rest = {}, [(canonicalize_name(Requirement(wanted).name), frozenset(Requirement(wanted).extras))]
        seen = set()
        while rest:
            entry = rest.pop()
            name, extras = entry
            if entry in seen or name not in self._pins:
                continue
            seen.add(entry)
            found[name] = self._pins[name]
            for line in self._needs[name]:
                try:
                    need = Requirement(line)
                except InvalidRequirement:
                    continue  # pip passes over it, too
                if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                    rest.append((canonicalize_name(need.name), frozenset(need.extras)))
        return list(found.values())


def _resolve(names, constraints, known, answers):
    """Of all names together; of halves of them where that does not work. known is what earlier ones got."""
    report, error = _pip(names, constraints + known) if known else (None, None)
    if report is None:
        report, error = _pip(names, constraints)
    if report is not None:
        installed = _Installed(report)
        for name in names:
            answers[name] = {"pins": installed.closure(name)}
        return installed.constraints()
    if len(names) == 1:
        answers[names[0]] = {"error": error}
        return []
    _say("these %d do not go together: %s" % (len(names), error[-200:]))
    middle = len(names) // 2
    first = _resolve(names[:middle], constraints, known, answers)
    return first + _resolve(names[middle:], constraints, _merged(known, first), answers)


def _merged(known, more):
    by_name = {pin.partition("==")[0]: pin for pin in known}
    for pin in more:
        by_name.setdefault(pin.partition("==")[0], pin)
    return list(by_name.values())


def main():
    task = json.load(sys.stdin)
    names, known, answers = task["names"], [], {}
    for at in range(0, len(names), _AT_ONCE):
        some = names[at : at + _AT_ONCE]
        _say("asking pip for the versions of %s … %s" % (some[0], some[-1]))
        known = _merged(known, _resolve(some, task["constraints"], known, answers))
    print(json.dumps({name: answers[name] for name in names}))


main()
