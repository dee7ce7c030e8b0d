# SPDX-License-Identifier: Apache-2.0
"""Makes PNG files of every colour and depth with the samples that they hold, and resized planes, for tests.

From: nothing but a seed; libpng (Debian's libpng16-16) confirms each file, PyTorch resizes.
To:   DIR/images.npz: <case>.png the bytes of a file, <case>.samples (height, width, channels) laid over white, and
      <case>.maximum; resize.input, and resize.<mode>.<size>.
Run:  python tools/make_image_golden.py Tests/FunesConvertTests/Goldens
"""

import ctypes
import ctypes.util
import pathlib
import struct
import sys
import zlib

import numpy as np
import torch

HEIGHT, WIDTH = 7, 13
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def filtered(lines, step):
    """Lines with the five filters in turn."""
    out = bytearray()
    before = np.zeros(len(lines[0]), int)
    for number, line in enumerate(lines):
        line = np.frombuffer(line, np.uint8).astype(int)
        a = np.concatenate([np.zeros(step, int), line[:-step]]) if len(line) > step else np.zeros(len(line), int)
        c = np.concatenate([np.zeros(step, int), before[:-step]]) if len(line) > step else np.zeros(len(line), int)
        p = a + before - c
        distances = [abs(p - a), abs(p - before), abs(p - c)]
        nearest = np.where(distances[1] <= distances[2], before, c)
        paeth = np.where((distances[0] <= distances[1]) & (distances[0] <= distances[2]), a, nearest)
        guess = [0 * a, a, before, (a + before) // 2, paeth][number % 5]
        out += bytes([number % 5]) + ((line - guess) % 256).astype(np.uint8).tobytes()
        before = line
    return bytes(out)


def encode(samples, colour, depth, palette=None, transparency=None):
    """(height, width, channels) as a PNG file, pixels in two chunks."""
    height, width, channels = samples.shape
    lines = []
    for line in samples.reshape(height, -1):
        if depth == 16:
            lines.append(line.astype(">u2").tobytes())
        else:
            bits = np.unpackbits(line.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:]
            lines.append(np.packbits(bits.reshape(-1)).tobytes())
    packed = zlib.compress(filtered(lines, max(1, channels * depth // 8)), 9)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))]
    parts.append(chunk(b"tEXt", b"Comment\0passed over"))
    if palette is not None:
        parts.append(chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    if transparency is not None:
        parts.append(chunk(b"tRNS", transparency))
    half = len(packed) // 2
    parts += [chunk(b"IDAT", packed[:half]), chunk(b"IDAT", packed[half:]), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class Image(ctypes.Structure):
    """png_image of libpng's simplified interface."""

    _fields_ = [
        ("opaque", ctypes.c_void_p), ("version", ctypes.c_uint32), ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32), ("format", ctypes.c_uint32), ("flags", ctypes.c_uint32),
        ("colormap_entries", ctypes.c_uint32), ("warning_or_error", ctypes.c_uint32), ("message", ctypes.c_char * 64),
    ]


def decode(file):
    """What libpng makes of a file: (height, width, 4) of 8 bits."""
    library = ctypes.CDLL(ctypes.util.find_library("png16"))
    image = Image(version=1)
    if not library.png_image_begin_read_from_memory(ctypes.byref(image), file, ctypes.c_size_t(len(file))):
        raise ValueError(image.message)
    image.format = 3
    pixels = np.zeros((image.height, image.width, 4), np.uint8)
    if not library.png_image_finish_read(ctypes.byref(image), None, pixels.ctypes.data_as(ctypes.c_void_p), 0, None):
        raise ValueError(image.message)
    return pixels


def over_white(samples, alpha, maximum):
    samples, alpha = samples.astype(int), alpha.astype(int)[..., None]
    return (samples * alpha + maximum * (maximum - alpha) + maximum // 2) // maximum


def cases(random):
    for colour, depths in {0: [1, 2, 4, 8, 16], 2: [8, 16], 4: [8, 16], 6: [8, 16]}.items():
        for depth in depths:
            maximum = 2**depth - 1
            samples = random.integers(0, maximum + 1, (HEIGHT, WIDTH, CHANNELS[colour]))
            names = {0: "grey", 2: "rgb", 4: "grey alpha", 6: "rgb alpha"}
            shown = over_white(samples[..., :-1], samples[..., -1], maximum) if colour >= 4 else samples
            yield f"{names[colour]} {depth}", encode(samples, colour, depth), shown, maximum, samples
    for depth in [1, 2, 4, 8]:
        palette = random.integers(0, 256, (2**depth - (depth > 2), 3))
        samples = random.integers(0, len(palette), (HEIGHT, WIDTH, 1))
        yield f"palette {depth}", encode(samples, 3, depth, palette), palette[samples[..., 0]], 255, None
    alpha = np.array([0, 128, 255], np.uint8)
    full = np.concatenate([alpha, np.full(len(palette) - 3, 255, np.uint8)])
    samples = random.integers(0, 6, (HEIGHT, WIDTH, 1))
    shown = over_white(palette[samples[..., 0]], full[samples[..., 0]], 255)
    yield "palette alpha", encode(samples, 3, 8, palette, alpha.tobytes()), shown, 255, None
    samples = random.integers(0, 4, (HEIGHT, WIDTH, 1))
    shown = np.where(samples == 2, 3, samples)
    yield "grey key", encode(samples, 0, 2, transparency=struct.pack(">H", 2)), shown, 3, None
    samples = random.integers(0, 2, (HEIGHT, WIDTH, 3)) * 255
    shown = np.where((samples == [255, 0, 0]).all(-1, keepdims=True), 255, samples)
    yield "rgb key", encode(samples, 2, 8, transparency=struct.pack(">HHH", 255, 0, 0)), shown, 255, None


def main():
    random = np.random.default_rng(22)
    out = {}
    for name, file, shown, maximum, samples in cases(random):
        seen = decode(file)
        if maximum <= 255 and "alpha" not in name and "key" not in name:
            wide = shown * (255 // maximum)
            assert (seen[..., :3] == np.broadcast_to(wide, seen[..., :3].shape)).all(), name
        elif name in ("grey alpha 8", "rgb alpha 8"):
            assert (seen[..., :3] == np.broadcast_to(samples[..., :-1], seen[..., :3].shape)).all(), name
            assert (seen[..., 3] == samples[..., -1]).all(), name
        out[f"{name}.png"] = np.frombuffer(file, np.uint8)
        out[f"{name}.samples"] = shown.astype(np.int32)
        out[f"{name}.maximum"] = np.array([maximum], np.int32)
    plane = torch.rand(1, 1, 9, 13, generator=torch.Generator().manual_seed(1)).mul(255).round()
    out["resize.input"] = plane[0, 0].numpy()
    for name, size in {"small": (4, 5), "large": (20, 31), "mixed": (30, 3)}.items():
        for mode in ("bilinear", "bicubic"):
            resized = torch.nn.functional.interpolate(plane.double() / 255, size, mode=mode, antialias=True)
            out[f"resize.{mode}.{name}"] = resized[0, 0].float().numpy()
    np.savez_compressed(pathlib.Path(sys.argv[1]) / "images.npz", **out)


if __name__ == "__main__":
    main()
