# SPDX-License-Identifier: MIT
"""What has to be built for some of the tests: everything but the programs of the others, which are most of it."""
import fnmatch
import json
import os
import subprocess


def introspect(build, what):
    command = ["meson", "introspect", f"--{what}", str(build)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def of_tests(build, names):
    """Targets of BUILD, for ninja, for the tests NAMES (patterns of what `meson test --list` says, or how that begins
    before a '/')."""
    # What meson says is about the build files as they are, which may be older than the sources'.
    subprocess.run(["ninja", "-C", str(build), "build.ninja"], check=True, capture_output=True)
    wanted, others = set(), set()
    for test in introspect(build, "tests"):
        is_wanted = any(fnmatch.fnmatch(test["name"], name) or test["name"].startswith(name + "/") for name in names)
        (wanted if is_wanted else others).update(test["cmd"][:1])
    files = [name for target in introspect(build, "targets")
             if target["build_by_default"] and target["type"] != "run" for name in target["filename"]]
    return [os.path.relpath(name, build) for name in files if name in wanted or name not in others]
