# SPDX-License-Identifier: Apache-2.0
"""Runs an exporter in a virtual environment of its own, which is made under .build/export where it is missing.

Not a command; imported by those beside it."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(HERE))

import pip_environment

BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), ".build", "export")


class ExportError(Exception):
    """What was found, what was expected, what to do."""


def enter(name, otherwise):
    """Starts the running command again by the environment's interpreter, unless that is the one that runs it.

    name:      of requirements-NAME.txt, which the environment holds exactly.
    otherwise: what a user can do where it cannot be installed."""
    folder = os.path.join(BUILD, name)
    program = pip_environment.interpreter(folder)
    if os.path.abspath(sys.prefix) == os.path.abspath(folder):
        return
    requirements = os.path.join(HERE, f"requirements-{name}.txt")
    if not pip_environment.is_made(folder, requirements):
        print(f"installing requirements-{name}.txt into {os.path.relpath(folder)}", file=sys.stderr)
        try:
            pip_environment.make(folder, requirements)
        except pip_environment.NotInstalled as error:
            raise ExportError(f"{name}: cannot be installed: {error}; {otherwise}")
    os.execv(program, [program, *sys.argv])


def run(main):
    """Calls main; what cannot be exported becomes one line on stderr and exit code 65, as of the funes command."""
    program = os.path.basename(sys.argv[0])
    try:
        main()
    except ExportError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(65)
    except OSError as error:
        print(f"{program}: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(66)
