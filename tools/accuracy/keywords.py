# SPDX-License-Identifier: Apache-2.0
"""ML-KWS-for-MCU in numpy: the features that TensorFlow's graph works out, and its three recurrent networks. Not a command.

Source: https://github.com/ARM-software/ML-KWS-for-MCU (models.py), and TensorFlow's AudioSpectrogram and Mfcc: a periodic Hann
window of 40 ms, squared magnitudes of 1,024 points, roots of them through 40 triangles of 20 to 4,000 Hz, logarithm, DCT."""
import numpy as np

RATE, WINDOW, POINTS, MELS = 16_000, 640, 1024, 40


def mel(hertz):
    return 1127 * np.log1p(np.asarray(hertz, float) / 700)


def triangles():
    """(513, 40): each bin goes to two neighbours in parts that add up to 1."""
    low, high = mel(20), mel(4000)
    centres = low + (high - low) / (MELS + 1) * np.arange(1, MELS + 2)
    per_bin = RATE / POINTS
    weights = np.zeros((POINTS // 2 + 1, MELS))
    for k in range(int(1.5 + 20 / per_bin), int(4000 / per_bin) + 1):
        at = mel(k * per_bin)
        band = int(np.searchsorted(centres[:MELS], at)) - 1
        left = centres[band] if band >= 0 else low
        part = (centres[band + 1] - at) / (centres[band + 1] - left)
        if band >= 0:
            weights[k, band] = part
        if band + 1 < MELS:
            weights[k, band + 1] = 1 - part
    return weights


def mfcc(x, stride):
    """(frames, 10) of one second."""
    starts = np.arange(0, len(x) - WINDOW + 1, stride)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    spectrum = np.abs(np.fft.rfft(x[starts[:, None] + np.arange(WINDOW)] * hann, POINTS))
    logs = np.log(np.maximum(spectrum @ triangles(), 1e-12))
    dct = np.sqrt(2 / MELS) * np.cos(np.pi / MELS * np.arange(10)[:, None] * (np.arange(MELS) + 0.5))
    return (logs @ dct.T).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def logits(path, rows):
    """(clips, 12) of rows (clips, frames, 10): the cell that the tensors tell, then the output layer."""
    tensors = {name.split(".")[-1] if "gru" not in name else ".".join(name.split(".")[-2:]): value.astype(np.float64)
               for name, value in np.load(path).items() if "projection" not in name}
    projection = next((value for name, value in np.load(path).items() if "projection" in name), None)
    if "gates.kernel" in tensors:
        h = np.zeros((len(rows), tensors["candidate.bias"].size))
        for x in rows.transpose(1, 0, 2):
            r, z = np.split(sigmoid(np.hstack([x, h]) @ tensors["gates.kernel"] + tensors["gates.bias"]), 2, axis=1)
            h = z * h + (1 - z) * np.tanh(np.hstack([x, r * h]) @ tensors["candidate.kernel"] + tensors["candidate.bias"])
        return h @ tensors["W_o"] + tensors["b_o"]
    units = tensors["bias"].size // 4
    c, h = np.zeros((len(rows), units)), np.zeros((len(rows), tensors["W_o"].shape[0]))
    w_i, w_f, w_o = (tensors.get(f"w_{gate}_diag", 0) for gate in "ifo")
    for x in rows.transpose(1, 0, 2):
        i, j, f, o = np.split(np.hstack([x, h]) @ tensors["kernel"] + tensors["bias"], 4, axis=1)
        c = sigmoid(f + 1 + w_f * c) * c + sigmoid(i + w_i * c) * np.tanh(j)
        h = sigmoid(o + w_o * c) * np.tanh(c)
        if projection is not None:
            h = h @ projection
    return h @ tensors["W_o"] + tensors["b_o"]
