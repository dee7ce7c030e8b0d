# SPDX-License-Identifier: Apache-2.0
"""Holds a peer's step to the float numbers before it is timed."""
import numpy as np

import timing
import weights

STEPS = 4
# What int8 weights and activations may be off; a wrong gate order or a state that is not fed back is far more.
GREATEST_ERROR = 0.05


def check(step, read, shape):
    """The greatest difference to the float numbers; raises where the states stand still or the numbers are others."""
    taken, previous, worst = 0, None, 0.0
    while taken < STEPS:
        step()
        taken += len(step.calls) if isinstance(step, timing.NativeSteps) else 1
        h = np.array(read(), np.float32).reshape(-1)
        if previous is not None and np.array_equal(h, previous):
            raise RuntimeError("the states stand still: they are not fed back")
        previous = h
        error = float(np.abs(h - weights.expected(shape, taken)).max())
        if not error < GREATEST_ERROR:
            raise RuntimeError(f"h is {error:.3g} off the float numbers after {taken} steps, expected below {GREATEST_ERROR}")
        worst = max(worst, error)
    return round(worst, 6)
