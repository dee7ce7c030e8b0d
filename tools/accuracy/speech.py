# SPDX-License-Identifier: Apache-2.0
"""Clips of synthetic speech at 16 kHz, by espeak-ng: what accuracy is measured on. Not a command; numpy only."""
import io
import shutil
import subprocess
import wave

import numpy as np

RATE = 16_000
# Voices that never meet: some to calibrate with, others to judge by.
CALIBRATION = ("en-us", "en-gb-scotland", "de", "es", "fr-fr", "pl")
JUDGEMENT = ("en-gb", "en-us+f3", "it", "nl", "pt-br", "sv", "en-gb-x-rp+m4", "de+f2")
WORDS = ("the ship left port before dawn and nobody saw seven lanterns on a wall of wet stone they counted slowly while rain "
         "fell over fields that had been dry since march a letter came by hand its seal unbroken asking only for bread salt "
         "two horses and silence until winter old maps show this road as a river perhaps both are true when ice melts").split()


class SpeechError(Exception):
    pass


def resampled(x, rate):
    """x at 16 kHz, by a windowed sinc of 32 taps a side, cut off at the lower of both ends' 0.45."""
    if rate == RATE:
        return x
    low, taps = 0.9 * min(1.0, RATE / rate), 32
    centres = np.arange(int(len(x) * RATE / rate)) * (rate / RATE)
    first = np.floor(centres).astype(int) - taps + 1
    offsets = first[:, None] + np.arange(2 * taps)
    distance = offsets - centres[:, None]
    weights = low * np.sinc(low * distance) * (0.5 + 0.5 * np.cos(np.pi * distance / taps))
    padded = np.concatenate([np.zeros(taps), x, np.zeros(taps + 1)])
    return (weights * padded[np.clip(offsets + taps, 0, len(padded) - 1)]).sum(axis=1)


def spoken(text, voice, speed, pitch):
    """One sentence, floats in −1 ... 1 at 16 kHz."""
    program = shutil.which("espeak-ng")
    if not program:
        raise SpeechError("espeak-ng: found none, expected it; apt-get install espeak-ng")
    command = [program, "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    done = subprocess.run(command, capture_output=True)
    if done.returncode or len(done.stdout) < 100:
        raise SpeechError(f"espeak-ng: found no speech of the voice {voice}: {done.stderr.decode().strip()[:200]}")
    with wave.open(io.BytesIO(done.stdout)) as file:
        # What goes to a pipe has no length in its header: all that follows is samples.
        rate, bytes_ = file.getframerate(), done.stdout[44:]
    return resampled(np.frombuffer(bytes_[:len(bytes_) // 2 * 2], "<i2") / 32768.0, rate)


def clips(voices, count, seed):
    """`count` sentences by the voices in turn, at changing speed, pitch and level."""
    random = np.random.default_rng(seed)
    made = []
    for index in range(count):
        text = " ".join(random.choice(WORDS, random.integers(6, 14)))
        x = spoken(text, voices[index % len(voices)], int(random.integers(130, 210)), int(random.integers(25, 75)))
        made.append(x / max(np.abs(x).max(), 1e-6) * 10 ** (random.uniform(-24, -1) / 20))
    return made


def stream(voices, count, seed):
    """Clips one after another with pauses between, half of them in noise of 5 to 30 dB below."""
    random = np.random.default_rng(seed + 1)
    parts = []
    for index, clip in enumerate(clips(voices, count, seed)):
        pause = np.zeros(int(random.uniform(0.2, 1.2) * RATE))
        part = np.concatenate([clip, pause])
        level = np.sqrt(np.mean(clip * clip)) * 10 ** (-random.uniform(5, 30) / 20) if index % 2 else 1e-4
        parts.append(part + level * random.standard_normal(len(part)))
    return np.clip(np.concatenate(parts), -1, 1).astype(np.float32)
