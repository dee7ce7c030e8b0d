# SPDX-License-Identifier: Apache-2.0
"""Converts a checkpoint as asked, holds it to float by `funes compare`, and draws the table. Not a command."""
import argparse
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, ".build", "accuracy")
SHARED = os.environ.get("FUNES_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))


def parsed(description, checkpoint, **own):
    """The choices every family has, and its own with their defaults; what is left goes to `funes convert`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=os.path.join(SHARED, "checkpoints", checkpoint), help="default: %(default)s")
    parser.add_argument("--funes", default=os.path.join(ROOT, ".build", "release", "funes"), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON")
    for name, default in own.items():
        parser.add_argument(f"--{name}", default=default, help="default: %(default)s")
    choice, convert = parser.parse_known_args()
    for path, what in ((choice.funes, "the command; swift build -c release --product funes"), (choice.checkpoint, "a checkpoint")):
        if not os.path.exists(path):
            sys.exit(f"{os.path.basename(sys.argv[0])}: {path}: found none, expected {what}")
    return choice, convert


def funes(program, *arguments):
    """What it writes to stdout; ends with its message and exit code where it fails."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr)
        sys.exit(done.returncode)
    return done.stdout


def converted(choice, recipe, path, options):
    """Bytes a weight of the model that `options` make, scales and equalizers among them."""
    recipes = ["--recipe", os.path.join(ROOT, "tools", "recipes", f"{recipe}.json")] if recipe else []
    text = funes(choice.funes, "convert", choice.checkpoint, *recipes, "--rows", "0", "--json", "-o", path, *options)
    report = json.loads(text)
    matrices = [matrix for layer in report["layers"] for matrix in layer["matrices"]]
    return report["weightBytes"] / sum(matrix["rows"] * matrix["cols"] for matrix in matrices)


def variants(convert, calibration):
    """By name, what each row of the table gives to convert: as it is, and as the user says. `{calibration}` in the user's
    options becomes the file of rows that were made to calibrate with."""
    rows = {"default": []}
    if convert:
        rows[" ".join(convert)] = [option.replace("{calibration}", calibration) for option in convert]
    return rows


def outputs(text):
    """The program outputs of `funes compare --json`, by name."""
    return {entry["value"]: entry["difference"] for entry in json.loads(text) if entry["isOutput"]}


def show(title, goal, rows, as_json):
    """rows: dictionaries with the same keys, the first of which names the row."""
    if as_json:
        print(json.dumps({"title": title, "goal": goal, "rows": rows}, indent=2))
        return
    print(f"{title}; goal: {goal}")
    keys = list(rows[0])
    cells = [keys] + [[value if isinstance(value, str) else f"{value:.5g}" for value in row.values()] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(keys))]
    for index, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if index == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def flips(expected, found, margin=0.01):
    """Rows whose largest value is another: how many where float's lead over its second exceeds the margin, and how many near
    ties."""
    best, other = expected.argmax(axis=1), found.argmax(axis=1)
    sorted_ = expected.copy()
    sorted_.sort(axis=1)
    leads = sorted_[:, -1] - sorted_[:, -2]
    changed = best != other
    return int((changed & (leads > margin)).sum()), int((changed & (leads <= margin)).sum())
