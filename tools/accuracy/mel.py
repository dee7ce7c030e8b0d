# SPDX-License-Identifier: Apache-2.0
"""Resemblyzer's front end in numpy: level, then mel spectra as librosa makes them. Not a command.

Source: https://github.com/resemble-ai/Resemblyzer, audio.py: librosa.feature.melspectrogram with a window of 25 ms, a step of
10 ms and 40 mels, power 2, without a logarithm; level −30 dB of full scale, only raised. Silence is cut at the ends alone."""
import numpy as np

RATE, WINDOW, STEP, MELS = 16_000, 400, 160, 40


def mel_of(hertz):
    """Slaney's scale: straight below 1 kHz, logarithmic above."""
    hertz = np.asarray(hertz, float)
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + np.log(np.maximum(hertz, 1000) / 1000) * 27 / np.log(6.4))


def hertz_of(mel):
    mel = np.asarray(mel, float)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def filters():
    """(40, 201): triangles of equal area."""
    edges = hertz_of(np.linspace(mel_of(0), mel_of(RATE / 2), MELS + 2))
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    slopes = edges[:, None] - bins
    widths = np.diff(edges)[:, None]
    return np.maximum(0, np.minimum(-slopes[:-2] / widths[:-1], slopes[2:] / widths[1:])) * 2 / (edges[2:] - edges[:-2])[:, None]


def mel_frames(x):
    """(frames, 40) of samples at 16 kHz."""
    loud = np.flatnonzero(np.abs(x) > 0.01 * np.abs(x).max())
    x = x[loud[0]:loud[-1] + 1]
    level = 10 * np.log10(np.mean(x * x))
    x = x * 10 ** (max(0, -30 - level) / 20)
    padded = np.pad(x, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, STEP)
    frames = padded[starts[:, None] + np.arange(WINDOW)] * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW))
    return (np.abs(np.fft.rfft(frames)) ** 2 @ filters().T).astype(np.float32)
