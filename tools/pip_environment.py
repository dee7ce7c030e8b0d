# SPDX-License-Identifier: Apache-2.0
"""Virtual environments that hold exactly a list of requirements. Not a command; imported by tools that need one."""
import hashlib
import os
import shutil
import subprocess
import sys


class NotInstalled(Exception):
    """The last line of what pip, or the making of the environment, said."""


def interpreter(folder):
    return os.path.join(folder, "bin", "python")


def is_made(folder, requirements):
    """Whether the folder holds what the file of requirements says now."""
    stamp = os.path.join(folder, "requirements.sha256")
    if not os.path.exists(stamp):
        return False
    with open(stamp) as file:
        return file.read() == _digest(requirements)


def make(folder, requirements, options=()):
    """Makes the environment anew; options are pip's. Raises NotInstalled."""
    shutil.rmtree(folder, ignore_errors=True)
    for command in ([sys.executable, "-m", "venv", folder],
                    [interpreter(folder), "-m", "pip", "install", "-q", "--disable-pip-version-check", *options, "-r", requirements]):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            lines = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
            raise NotInstalled(lines[-1][:200])
    with open(os.path.join(folder, "requirements.sha256"), "w") as file:
        file.write(_digest(requirements))


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
