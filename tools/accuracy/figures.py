# SPDX-License-Identifier: Apache-2.0
"""Converts a checkpoint as asked, runs it, works out the figures and draws the table. Not a command."""
import argparse
import json
import os
import subprocess
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, ".build", "accuracy")
SHARED = os.environ.get("FUNES_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))


def parsed(description, checkpoint=None, seed=None, **own):
    """The choices every family has, and its own with their defaults; what is left goes to `funes convert`.

    checkpoint: below the folder of shared checkpoints; None where the family can do without. seed: its default, for a
    family that draws the rows that it judges by."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=os.path.join(SHARED, "checkpoints", checkpoint) if checkpoint else None,
                        help="default: %(default)s")
    parser.add_argument("--funes", default=os.path.join(ROOT, ".build", "release", "funes"), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--without-peers", action="store_true", help="leave ONNX Runtime and PyTorch out")
    if seed is not None:
        parser.add_argument("--seed", type=int, default=seed, help="draw other rows to judge by; default: %(default)s")
    for name, default in own.items():
        parser.add_argument(f"--{name}", default=default, help="default: %(default)s")
    choice, convert = parser.parse_known_args()
    wanted = [(choice.funes, "the command; swift build -c release --product funes")]
    if checkpoint:
        wanted.append((choice.checkpoint, "a checkpoint"))
    for path, what in wanted:
        if not os.path.exists(path):
            sys.exit(f"{os.path.basename(sys.argv[0])}: {path}: found none, expected {what}")
    return choice, convert


def said(text):
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def funes(program, *arguments, given=None):
    """What it writes to stdout, as bytes; ends with its message and exit code where it fails."""
    done = subprocess.run([program, *arguments], input=given, capture_output=True)
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
        sys.exit(done.returncode)
    return done.stdout


def converted(program, checkpoint, recipe, path, options):
    """Bytes a weight of the model that `options` make, scales and equalizers among them. A target that is not reached is said on
    stderr; the model is that which came nearest."""
    recipes = ["--recipe", recipe] if recipe else []
    keep = ["--keep"] if "--target" in options and "--keep" not in options else []
    command = [program, "convert", checkpoint, *recipes, "--rows", "0", "--json", *keep, "-o", path, *options]
    done = subprocess.run(command, capture_output=True)
    if done.returncode > 1 or not done.stdout:
        sys.stderr.write(done.stderr.decode())
        sys.exit(done.returncode or 1)
    if done.returncode:
        said(done.stderr.decode().strip().splitlines()[-1])
    report = json.loads(done.stdout)
    matrices = [matrix for layer in report["layers"] for matrix in layer["matrices"]]
    return report["weightBytes"] / sum(matrix["rows"] * matrix["cols"] for matrix in matrices)


def ran(program, model, job):
    """What the model gives for a job of rows: each sequence from a reset."""
    made = []
    for rows in job.sequences:
        kind, data = ("f32", rows.astype("<f4").tobytes()) if rows.ndim == 2 else ("ids", " ".join(map(str, rows)).encode())
        last = ["--last"] if job.last else []
        made.append(funes(program, "run", model, "--input", kind, "--output", "f32", "--output-name", job.output, *last, given=data))
    return {"rows": np.frombuffer(b"".join(made), "<f4").reshape(sum(1 if job.last else len(rows) for rows in job.sequences), -1)}


def ran_lines(program, model, lines, output):
    """What the model gives after the last character of each line."""
    data = funes(program, "run", model, "--input", "text", "--output", "f32", "--output-name", output,
                 given="".join(line + "\n" for line in lines).encode())
    return {"rows": np.frombuffer(data, "<f4").reshape(len(lines), -1)}


def snr(expected, found):
    """dB of all elements together; of the first rows where fewer were found."""
    expected = expected[:len(found)].astype(np.float64)
    noise = np.square(expected - found).sum()
    return float(10 * np.log10(np.square(expected).sum() / noise)) if noise else float("inf")


def flips(expected, found, margin=0.01):
    """Rows whose largest value is another: how many where float's lead over its second exceeds the margin, and how many near
    ties."""
    best, other = expected.argmax(axis=1), found.argmax(axis=1)
    sorted_ = np.sort(expected, axis=1)
    leads = sorted_[:, -1] - sorted_[:, -2]
    changed = best != other
    return int((changed & (leads > margin)).sum()), int((changed & (leads <= margin)).sum())


def decisions(expected, found):
    """The columns of a family whose goal is that no decision is flipped."""
    expected = expected[:len(found)]
    flipped, ties = flips(expected, found)
    return {"flipped": flipped, "near ties": ties, "largest error": float(np.abs(found - expected).max()), "SNR dB": snr(expected, found)}


def show(title, goal, rows, notes, as_json):
    """rows: dictionaries with the same keys. notes: what is to be read below the table."""
    if as_json:
        print(json.dumps({"title": title, "goal": goal, "rows": rows, "notes": notes}, indent=2))
        return
    print(f"{title}; goal: {goal}")
    keys = list(rows[0])
    cells = [keys] + [[value if isinstance(value, str) else f"{value:.4g}" for value in row.values()] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(keys))]
    for index, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if index == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for note in notes:
        print(note)
