# SPDX-License-Identifier: Apache-2.0
"""Times a step within a peer's own process: a Python function, or calls of a C interface by native_timer.c."""
import ctypes
import gc
import os
import subprocess
import tempfile
import time

ROOM = 200_000
WARM_UP = 0.3  # of the measured time


class Call(ctypes.Structure):
    _fields_ = [("function", ctypes.c_void_p), ("arguments", ctypes.c_void_p * 3)]


class NativeSteps:
    """Steps that are calls of a C interface: [(function address, [pointer, …]), …], taken in turn."""

    def __init__(self, calls, folder):
        self.calls = (Call * len(calls))(*[
            Call(function, (ctypes.c_void_p * 3)(*(pointers + [None] * (3 - len(pointers))))) for function, pointers in calls])
        self.library = ctypes.CDLL(native_timer(folder))
        self.library.take_steps.restype = self.library.time_steps.restype = ctypes.c_long

    def __call__(self):
        """All calls once, in turn."""
        self.take(len(self.calls))

    def take(self, steps):
        if self.library.take_steps(self.calls, ctypes.c_long(len(self.calls)), ctypes.c_long(steps)) != steps:
            raise RuntimeError("a step failed")

    def samples(self, seconds, microseconds):
        count = len(self.calls)
        batch = count * max(1, round(4 / max(microseconds, 0.05) / count)) if microseconds < 4 else count
        room = (ctypes.c_double * ROOM)()
        taken = self.library.time_steps(self.calls, ctypes.c_long(count), ctypes.c_long(batch), ctypes.c_double(seconds), room,
                                        ctypes.c_long(ROOM))
        if taken < 0:
            raise RuntimeError("a step failed while it was timed")
        return list(room[:taken])


def native_timer(folder):
    """The path of native_timer.c's library, compiled beside the models unless it is there."""
    source = os.path.join(os.path.dirname(__file__), "native_timer.c")
    library = os.path.join(folder, "native_timer.so")
    if not os.path.exists(library):
        handle, fresh = tempfile.mkstemp(dir=folder)
        os.close(handle)
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", fresh, source], check=True)
        os.replace(fresh, library)
    return library


def python_samples(step, seconds, microseconds):
    clock = time.perf_counter_ns
    batch = max(1, min(64, round(4 / max(microseconds, 0.05)))) if microseconds < 2 else 1
    samples, end = [], clock() + int(seconds * 1e9)
    gc.disable()
    while len(samples) < ROOM and (len(samples) < 10 or clock() < end):
        start = clock()
        for _ in range(batch):
            step()
        samples.append((clock() - start) / 1e3 / batch)
    gc.enable()
    return samples


def measure(step, seconds):
    """Warms up, times, and returns the microseconds of a step: minimum, median, p99, and the number of samples."""
    start, taken = time.perf_counter(), 0
    while time.perf_counter() - start < seconds * WARM_UP or taken < 10:
        step()
        taken += 1
    per_step = (time.perf_counter() - start) * 1e6 / taken
    if isinstance(step, NativeSteps):
        samples = step.samples(seconds, per_step / len(step.calls))
    else:
        samples = python_samples(step, seconds, per_step)
    samples.sort()
    return {"min_us": round(samples[0], 4), "median_us": round(samples[len(samples) // 2], 4),
            "p99_us": round(samples[int(len(samples) * 0.99)], 4), "samples": len(samples)}
