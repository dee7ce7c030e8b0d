# SPDX-License-Identifier: Apache-2.0
"""Runs inside a peer's own environment: makes its models for a shape, or times its variants and prints one JSON line for each.

    worker.py make PEER SHAPE FOLDER
    worker.py time PEER SHAPE FOLDER THREADS SECONDS [VARIANT,…]

A peer is a module of peers/ with `make(shape, folder)`, which writes models and returns what was asserted of them, and
`variants(shape, folder, threads)`, which returns {name: function that loads it and returns (step, read)}: `step()` takes one
step, feeding the states back, and `read()` returns the last layer's h.
"""
import importlib
import json
import sys

import shapes
import timing
from checking import check

def main(verb, peer, shape, folder, threads="1", seconds="0.2", wanted=""):
    shape = shapes.Shape.parse(shape)
    module = importlib.import_module(f"peers.{peer}")
    if verb == "make":
        module.make(shape, folder)
        return
    for name, load in module.variants(shape, folder, int(threads)).items():
        if wanted and name not in wanted.split(","):
            continue
        line = {"peer": peer, "variant": name, "shape": str(shape), "threads": int(threads)}
        try:
            step, read = load()
            line["max_error"] = check(step, read, shape)
            line.update(timing.measure(step, float(seconds)))
        except Exception as error:
            line["error"] = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
