# SPDX-License-Identifier: Apache-2.0
"""From the rounds' times to one figure for each competitor, shape and thread count, and from those to tables and ratios."""
import statistics
from collections import defaultdict

DEFAULT, FAST = "funes default", "funes fast"
SLOW = 1.5  # A variant so many times slower than its competitor's best is no longer timed.


def gather(records):
    """{(threads, shape, row): {median_us, min_us, rounds, group, competitor}}, medians over the rounds' medians."""
    grouped = defaultdict(list)
    for record in records:
        if "error" not in record:
            grouped[record["threads"], record["shape"], row_name(record)].append(record)
    return {key: {"median_us": statistics.median(r["median_us"] for r in group), "min_us": min(r["min_us"] for r in group),
                  "rounds": len(group), "group": group[0]["group"], "competitor": group[0]["competitor"]}
            for key, group in grouped.items()}


def row_name(record):
    if record["group"] == "hand":
        return record["variant"]
    return f"{record['competitor']} {record['variant']}".strip()


def worthwhile(records, competitor, shape, threads):
    """The variants of a competitor that are near its fastest there."""
    medians = defaultdict(list)
    for r in records:
        if (r["competitor"], r["shape"], r["threads"]) == (competitor, shape, threads) and "error" not in r:
            medians[r["variant"]].append(r["median_us"])
    medians = {variant: statistics.median(values) for variant, values in medians.items()}
    return [variant for variant, median in medians.items() if median <= SLOW * min(medians.values())]


def fastest_peer(cells, threads, shape, figure):
    return min(((cell[figure], row) for (t, s, row), cell in cells.items()
                if (t, s) == (threads, shape) and cell["group"] == "peer"), default=None)


def ratio(cells, above, below, figure="median_us"):
    return cells[above][figure] / cells[below][figure] if above in cells and below in cells else None


def best_of(cells, threads, shape, rows, figure):
    """The key of the fastest of these rows."""
    keys = [(threads, shape, row) for row in rows if (threads, shape, row) in cells]
    return min(keys, key=lambda key: cells[key][figure], default=(threads, shape, ""))


def ratios(cells, shapes, threads, streams):
    """{name: {shape: {median, minimum}}}: of the medians, and of the best minima."""
    table = defaultdict(dict)
    for shape in shapes:
        for figure, word in (("median_us", "median"), ("min_us", "minimum")):
            key = lambda row, t=threads: (t, shape, row)
            peer = fastest_peer(cells, threads, shape, figure)
            peer_key = key(peer[1]) if peer else None
            hand8 = best_of(cells, threads, shape, ("hand 8-bit, loose", "hand 8-bit, strict"), figure)
            pairs = [("fastest peer / Funes default", peer_key, key(DEFAULT)), ("fastest peer / Funes fast", peer_key, key(FAST)),
                     ("Funes default / hand 16-bit, strict", key(DEFAULT), key("hand 16-bit, strict")),
                     ("Funes fast / fastest hand 8-bit", key(FAST), hand8),
                     ("hand float / Funes default", key("hand float"), key(DEFAULT)),
                     ("hand float / Funes fast", key("hand float"), key(FAST)),
                     ("Funes fast, AVX2 / hand AVX2, exact", key("funes fast, AVX2"), key("hand AVX2, exact")),
                     ("Funes default, AVX2 / fast, AVX2", key("funes default, AVX2"), key("funes fast, AVX2"))]
            if threads > 1:
                pairs += [(f"Funes {name}, 1 thread / {threads} threads", key(f"funes {name}", 1), key(f"funes {name}"))
                          for name in ("default", "fast")]
            for name, above, below in pairs:
                value = ratio(cells, above, below, figure)
                if value is not None:
                    table[name].setdefault(shape, {})[word] = round(value, 3)
            for name in ("default", "fast"):
                value = ratio(cells, key(f"funes {name}"), key(f"funes {name}, {streams} streams"), figure)
                if value is not None:
                    row = table[f"Funes {name}, throughput of {streams} streams / 1"]
                    row.setdefault(shape, {})[word] = round(value * streams, 3)
    return dict(table)


def microseconds(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def markdown(result):
    """The whole report."""
    cells, shapes = {(c["threads"], c["shape"], c["row"]): c for c in result["cells"]}, result["shapes"]
    lines = ["# Steps of recurrent layers: Funes and its peers", "",
             f"{result['machine']['processor']}, {result['machine']['cores']} cores, load average at the start "
             f"{result['machine']['load']}; {result['date']}; Funes: {result['commit']}; "
             f"{result['rounds']} interleaved rounds, {result['seconds']} s a variant, each in a fresh process, states fed back.",
             "Microseconds a step: median over the rounds' medians, then the best minimum. Bold: the fastest peer. "
             "Shapes: inputs, hidden units, layers.", "",
             "Versions: " + ", ".join(f"{name} {version}".strip() for name, version in result["versions"].items()) + ".", ""]
    head = lambda title: [f"| {title} | " + " | ".join(shape.replace(":", " ").replace(",", ", ") for shape in shapes) + " |",
                          "|---" * (len(shapes) + 1) + "|"]
    for threads in result["threads"]:
        rows = list(dict.fromkeys(row for (t, _, row) in cells if t == threads))
        order = {"funes": 0, "hand": 1, "peer": 2}
        group = {row: cell["group"] for (t, _, row), cell in cells.items() if t == threads}
        # Default before fast, plain before AVX2 and streams; the rest by name.
        rows.sort(key=lambda row: (order[group[row]], "streams" in row, "AVX2" in row, row))
        lines += [f"## {threads} thread{'s' if threads > 1 else ''}", ""] + head("µs a step")
        for row in rows:
            texts = []
            for shape in shapes:
                cell = cells.get((threads, shape, row))
                text = f"{microseconds(cell['median_us'])} / {microseconds(cell['min_us'])}" if cell else "–"
                fastest = fastest_peer(cells, threads, shape, "median_us")
                texts.append(f"**{text}**" if cell and fastest and fastest[1] == row else text)
            lines.append(f"| {row} | " + " | ".join(texts) + " |")
        lines += [""] + head("ratio of medians (of minima)")
        for name, values in result["ratios"][str(threads)].items():
            text = lambda v: f"{v['median']:.2f} ({v['minimum']:.2f})" if v else "–"
            lines.append(f"| {name} | " + " | ".join(text(values.get(shape)) for shape in shapes) + " |")
        lines.append("")
    if result["left_out"]:
        lines += ["Left out:", ""] + [f"- {text}" for text in result["left_out"]] + [""]
    return "\n".join(lines)
