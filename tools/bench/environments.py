# SPDX-License-Identifier: Apache-2.0
"""One virtual environment for each peer, holding exactly requirements/NAME.txt."""
import hashlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(HERE))

import pip_environment


class Unavailable(Exception):
    """Why a competitor is left out."""


def requirements(name):
    return os.path.join(HERE, "requirements", f"{name}.txt")


def version(name):
    """The version of the package that the environment is made for, which stands first."""
    with open(requirements(name)) as file:
        return file.readline().strip().split("==")[1]


def python(name, build, offline):
    """The interpreter of the environment, which is made anew when its requirements have changed."""
    folder = os.path.join(build, "environments", name)
    if pip_environment.is_made(folder, requirements(name)):
        return pip_environment.interpreter(folder)
    if offline:
        raise Unavailable("not installed, and --offline forbids it")
    print(f"installing {name} {version(name)}", file=sys.stderr)
    try:
        # Without what the packages name as dependencies: the list is complete, and telemetry is not on it.
        pip_environment.make(folder, requirements(name), ["--no-deps"])
    except pip_environment.NotInstalled as error:
        raise Unavailable(f"cannot be installed: {error}")
    return pip_environment.interpreter(folder)


def compiled(build, source, flags):
    """A C++ program built from `source`, again only when source or flags have changed."""
    with open(source, "rb") as file:
        key = hashlib.sha256(file.read() + " ".join(flags).encode()).hexdigest()[:16]
    name = os.path.splitext(os.path.basename(source))[0]
    program = os.path.join(build, "programs", f"{name}-{key}")
    if not os.path.exists(program):
        os.makedirs(os.path.dirname(program), exist_ok=True)
        result = subprocess.run(["g++", *flags, "-o", program + ".new", source, "-ldl"], capture_output=True, text=True)
        if result.returncode:
            raise Unavailable(f"g++ refuses {source}: {result.stderr.strip().splitlines()[0][:200]}")
        os.replace(program + ".new", program)
    return program
