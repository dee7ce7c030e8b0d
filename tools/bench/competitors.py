# SPDX-License-Identifier: Apache-2.0
"""What is timed: a name, a group (peer, funes or hand), and the command that times it once, which prints JSON lines."""
import argparse
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

from environments import HERE, Unavailable, compiled, python, version

PEERS = ("onnxruntime", "ncnn", "mnn", "openvino", "litert", "torch")
STREAMS = 32


@dataclass
class Competitor:
    name: str
    group: str
    # (shape, threads, seconds, variants or None for all) -> (command, what it adds to the environment), None: not timed there.
    command: object
    version: str = ""
    # Names of variants from the lines that the command prints; a line without one gets this competitor's own.
    rename: dict = field(default_factory=dict)


def run(command, environment=None):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})}, timeout=600)


def last_line(result):
    lines = [line.strip() for line in (result.stderr + "\n" + result.stdout).splitlines() if line.strip()]
    return f"exit code {result.returncode}: {lines[-1][:200] if lines else 'no message'}"


def objects(text):
    """The JSON objects of an output: one in all, or one a line between whatever a peer greets with."""
    found = []
    for part in [text] if text.startswith("{\n") else text.splitlines():
        try:
            value = json.loads(part)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def times(competitor, shape, threads, seconds, variants):
    """One run: [{variant, min_us, median_us, … or error}]."""
    made = competitor.command(shape, threads, seconds, variants)
    if made is None:
        return []
    try:
        result = run(*made)
    except subprocess.TimeoutExpired:
        return [{"variant": "", "error": "took more than ten minutes"}]
    lines = []
    for line in objects(result.stdout):
        if "med_us" in line:
            line["median_us"] = line.pop("med_us")
        if "error" not in line and "median_us" not in line:
            continue
        line["variant"] = line.get("variant", line.get("peer", ""))
        competitor.version = line.get("version", competitor.version) if competitor.group == "peer" else ""
        if competitor.rename:
            if line["variant"] not in competitor.rename:
                continue
            line["variant"] = competitor.rename[line["variant"]]
        lines.append(line)
    if result.returncode or not lines:
        # The hand kernels print nothing for shapes that they do not have.
        if result.returncode or competitor.group != "hand":
            lines.append({"variant": "", "error": last_line(result)})
    return lines


def peer(name, build, offline):
    program = python(name, build, offline)
    key = hashlib.sha256()
    for file in sorted(os.listdir(HERE)) + sorted(os.path.join("peers", f) for f in os.listdir(os.path.join(HERE, "peers"))):
        if file.endswith((f"/{name}.py", "models.py", "shapes.py", "weights.py")):
            with open(os.path.join(HERE, file), "rb") as opened:
                key.update(opened.read())
    models = os.path.join(build, "models", f"{name}-{version(name)}-{key.hexdigest()[:12]}")
    worker = [program, "-W", "ignore", os.path.join(HERE, "worker.py")]
    refused = {}

    def command(shape, threads, seconds, variants):
        folder = os.path.join(models, shape.file_name)
        done = os.path.join(folder, "done")
        if shape not in refused and not os.path.exists(done):
            os.makedirs(folder, exist_ok=True)
            result = run([*worker, "make", name, str(shape), folder])
            if result.returncode:
                refused[shape] = last_line(result)
            else:
                open(done, "w").close()
        if shape in refused:
            raise Unavailable(refused[shape])
        return ([*worker, "time", name, str(shape), folder, str(threads), str(seconds), ",".join(variants or [])],
                {"OMP_NUM_THREADS": str(threads)})

    return Competitor(name, "peer", command, version(name))


def also(text):
    """A program outside the project: `PROGRAM … SHAPE THREADS SECONDS` prints JSON lines with min_us and median_us."""
    words = shlex.split(text)
    if not words or not shutil.which(words[0]):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a program that can be run, and its arguments")
    name = os.path.basename(words[0])
    return Competitor(name, "peer", lambda shape, threads, seconds, _: ([*words, str(shape), str(threads), str(seconds)], {}))


def funes(program, features):
    """Funes by `funes bench`: default and fast, forced to AVX2, and many streams at once where `bench` knows them."""
    made = []

    def add(variant, activations, *options, only_one_thread=True):
        def command(shape, threads, seconds, _):
            if threads > 1 and only_one_thread:
                return None
            return ([program, "bench", str(shape), "--threads", str(threads), "--activations", str(activations), "--json",
                     "--warm-up", str(round(seconds * 0.3, 3)), "--seconds", str(seconds), *options], {})
        made.append(Competitor(f"funes {variant}", "funes", command))

    add("default", 16, "--isa", "auto", only_one_thread=False)
    add("fast", 8, "--isa", "auto", only_one_thread=False)
    if "avx2" in features and "avx512_vnni" in features:
        add("default, AVX2", 16, "--isa", "avx2")
        add("fast, AVX2", 8, "--isa", "avx2")
    if "--streams" in run([program, "bench", "--help"]).stdout:
        add(f"default, {STREAMS} streams", 16, "--streams", str(STREAMS))
        add(f"fast, {STREAMS} streams", 8, "--streams", str(STREAMS))
    return made


def hand(build, features):
    """The hand-written reference kernels, which lie outside the project: $FUNES_SHARED/bench/roof.cpp and roof16.cpp."""
    shared = os.environ.get("FUNES_SHARED")
    if not shared:
        raise Unavailable("FUNES_SHARED, the folder with bench/roof.cpp and bench/roof16.cpp, is not set")
    if not {"avx512_vnni", "avx512f", "avx512bw", "avx512dq"} <= features:
        raise Unavailable("the processor has no AVX-512 VNNI")
    made = []
    for name, flags, arguments, rename in (
            ("roof", ["-fopenmp"], lambda threads: [str(threads)],
             {"hand-vnni512": "hand 8-bit, loose", "hand-fp32-avx512": "hand float", "hand-avx2-exact16": "hand AVX2, exact"}),
            ("roof16", ["-ffp-contract=off"], lambda threads: [] if threads == 1 else None,
             {"hand-strict-w8a8-dynamic": "hand 8-bit, strict", "hand-strict-w8a16-dynamic": "hand 16-bit, strict"})):
        source = os.path.join(shared, "bench", f"{name}.cpp")
        if not os.path.exists(source):
            raise Unavailable(f'"{source}" does not exist')
        program = compiled(build, source, ["-O3", "-march=native", *flags])

        def command(shape, threads, seconds, _, program=program, arguments=arguments):
            words = arguments(threads)
            return None if words is None else ([program, *words], {"ONLY": shape.file_name})
        made.append(Competitor(name, "hand", command, rename=rename))
    return made


def build_funes(root):
    print("building funes", file=sys.stderr)
    result = run(["swift", "build", "-c", "release", "--product", "funes", "--package-path", root])
    if result.returncode:
        sys.exit(f"swift build: {last_line(result)}")
    folder = run(["swift", "build", "-c", "release", "--show-bin-path", "--package-path", root]).stdout.strip()
    return os.path.join(folder, "funes")
