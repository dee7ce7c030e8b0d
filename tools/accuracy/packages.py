# SPDX-License-Identifier: Apache-2.0
"""The interpreter that has the packages of tools/requirements.txt. Not a command; imported first by those beside it."""
import importlib.util
import os
import subprocess
import sys

TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def enter():
    """Starts the running command again by the interpreter of tools/python_environment.sh, which installs what is missing,
    unless this one has the packages."""
    if all(importlib.util.find_spec(name) for name in ("numpy", "safetensors", "torch")):
        return
    command = 'source "$0" "$1" >&2 && echo "$python"'
    found = subprocess.run(["bash", "-c", command, os.path.join(TOOLS, "python_environment.sh"), os.path.dirname(TOOLS)],
                           stdout=subprocess.PIPE, text=True)
    program = found.stdout.strip()
    if found.returncode or not program:
        sys.exit(f"{os.path.basename(sys.argv[0])}: the packages of tools/requirements.txt could not be installed; "
                 "FUNES_PYTHON names an interpreter that has them")
    os.execv(program, [program, *sys.argv])
