# SPDX-License-Identifier: Apache-2.0
"""Draws result.json as plot.svg and plot.png in the same folder: microseconds a step, and how often Funes' step fits into it.

    plot.py FOLDER      (in the environment of requirements/plot.txt)
"""
import json
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter

# Marker and colour; peers get theirs in turn.
STYLES = {"Funes, default": ("D", "#c2185b"), "Funes, fast": ("d", "#f06292"), "hand, strict 16-bit": ("_", "#000000"),
          "hand, 8-bit": ("_", "#7f7f7f")}
ROWS = {"Funes, default": ("funes default",), "Funes, fast": ("funes fast",), "hand, strict 16-bit": ("hand 16-bit, strict",),
        "hand, 8-bit": ("hand 8-bit, loose", "hand 8-bit, strict")}
PEER_STYLES = [("o", "#1f77b4"), ("s", "#ff7f0e"), ("^", "#2ca02c"), ("v", "#9467bd"), ("<", "#8c564b"), (">", "#17becf"),
               ("P", "#bcbd22"), ("X", "#e377c2")]


def series(cells, shapes):
    """{name: [median or None for each shape]}, of each peer its fastest variant."""
    by_row, peers = {(c["shape"], c["row"]): c for c in cells}, sorted({c["competitor"] for c in cells if c["group"] == "peer"})
    best = lambda found: min((c["median_us"] for c in found), default=None)
    lines = {name: [best([by_row[shape, row] for row in rows if (shape, row) in by_row]) for shape in shapes]
             for name, rows in ROWS.items()}
    for peer in peers:
        lines[peer] = [best([c for c in cells if c["competitor"] == peer and c["shape"] == shape]) for shape in shapes]
    return {name: values for name, values in lines.items() if any(v is not None for v in values)}


def label(shape):
    kind, _, counts = shape.partition(":")
    return kind.upper() + "\n" + counts.replace(",", ", ")


def draw(axes, lines, shapes, title):
    styles, count = {**STYLES}, len(lines)
    for name, style in zip((name for name in lines if name not in STYLES), PEER_STYLES * 2):
        styles[name] = style
    for index, (name, values) in enumerate(lines.items()):
        marker, colour = styles[name]
        points = [(x + (index - count / 2 + 0.5) * 0.6 / count, v) for x, v in enumerate(values) if v is not None]
        is_funes = name.startswith("Funes")
        axes.plot(*zip(*points), linestyle="none", marker=marker, color=colour, label=name,
                  markeredgewidth=2 if marker == "_" else 0.5, markersize=11 if is_funes or marker == "_" else 7,
                  zorder=3 if is_funes else 2)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xticks(range(len(shapes)), [label(shape) for shape in shapes])
    axes.set_xlim(-0.5, len(shapes) - 0.5)
    for x in range(1, len(shapes)):
        axes.axvline(x - 0.5, color="#dddddd", linewidth=0.8, zorder=0)
    axes.grid(axis="y", which="major", color="#cccccc", linewidth=0.8)
    axes.grid(axis="y", which="minor", color="#eeeeee", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_ylabel("µs a step, median (log scale)")
    axes.set_title(title, loc="left", fontsize=11)


def main(folder):
    with open(os.path.join(folder, "result.json")) as file:
        result = json.load(file)
    threads = [t for t in result["threads"] if any(c["threads"] == t for c in result["cells"])]
    figure, panels = plt.subplots(len(threads), 1, figsize=(12, 5.2 * len(threads) + 0.8), squeeze=False)
    for axes, count in zip(panels[:, 0], threads):
        cells = [c for c in result["cells"] if c["threads"] == count]
        draw(axes, series(cells, result["shapes"]), result["shapes"],
             f"One step of a recurrent model, batch 1, {count} thread{'s' if count > 1 else ''} "
             "(inputs, units, layers; lower is better)")
        axes.legend(loc="upper left", bbox_to_anchor=(1.005, 1), frameon=False, fontsize=9)
    figure.text(0.01, 0.005, f"{result['machine']['processor']}, {result['date']}, Funes at {result['commit']}; medians of "
                f"{result['rounds']} interleaved rounds; of each peer its fastest variant", fontsize=8, color="#555555")
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    for ending in ("svg", "png"):
        figure.savefig(os.path.join(folder, f"plot.{ending}"), dpi=130)


if __name__ == "__main__":
    main(sys.argv[1])
