# SPDX-License-Identifier: Apache-2.0
"""What a peer's program does from the command line: makes its models, or checks and times one variant and prints a JSON line."""
import gc
import json
import os
import sys
import time

import numpy as np

import decoders_models as models

# In dB. Rounding to int8 leaves 25 and more; a wrong weight, position or head leaves about 0.
LEAST_SIGNAL = 15


def samples(step, seconds, at_least=3, at_most=100_000):
    """Nanoseconds of each step, sorted, after a third of the time untimed."""
    clock, taken = time.perf_counter_ns, []
    end = clock() + seconds * 1e9 / 3
    while True:
        step()
        if clock() >= end:
            break
    gc.disable()
    end = clock() + seconds * 1e9
    while (clock() < end or len(taken) < at_least) and len(taken) < at_most:
        begin = clock()
        step()
        taken.append(clock() - begin)
    gc.enable()
    return sorted(taken)


def main(peer, version, variants, make, load):
    verb, shape_name, folder, *rest = sys.argv[1:]
    shape = models.SHAPES[shape_name]
    if verb == "make":
        os.makedirs(folder, exist_ok=True)
        make(shape, folder)
        return
    position, variant, seconds = rest
    line = {"peer": peer, "variant": variant, "version": version, "shape": shape_name, "threads": 1,
            "position": position if position == "prefill" else int(position)}
    try:
        if variant not in variants(shape):
            raise ValueError(f"found {variant}, expected {' or '.join(variants(shape))}")
        step, read = load(shape, folder, position, variant)
        step()
        truth = np.load(os.path.join(folder, "reference.npz"))[f"logits_{position}"]
        line["signal_to_noise_db"] = round(models.signal_to_noise(np.array(read()).reshape(-1), truth), 1)
        if line["signal_to_noise_db"] < LEAST_SIGNAL:
            raise RuntimeError(f"found logits with {line['signal_to_noise_db']} dB of signal to noise, expected {LEAST_SIGNAL}")
        taken = samples(step, float(seconds))
        for name, at in (("min_us", 0), ("med_us", len(taken) // 2), ("p99_us", int(len(taken) * 0.99))):
            line[name] = round(taken[at] / 1e3, 3)
        line["samples"] = len(taken)
    except Exception as error:
        line["error"] = f"{type(error).__name__}: {error}"[:300]
    print(json.dumps(line), flush=True)
