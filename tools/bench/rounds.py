# SPDX-License-Identifier: Apache-2.0
"""Runs all competitors in turn, round after round, and notes what each run gave."""
import json
import random
import signal
import sys
import time

from competitors import times
from environments import Unavailable
from tables import worthwhile

KEPT = ("min_us", "median_us", "p99_us", "max_error", "error")
# The rounds in which every variant is timed; after them only those near their competitor's fastest.
ROUNDS_OF_ALL = 2


def say(text):
    print(text, file=sys.stderr, flush=True)


def counted(threads):
    return f"{threads} thread{'s' if threads > 1 else ''}"


def prepare(competitors, shapes, threads):
    """Makes all models, so that no round waits for them."""
    for competitor in competitors:
        if competitor.group == "peer":
            say(f"models of {competitor.name}")
        for shape in shapes:
            try:
                competitor.command(shape, threads, 0, None)
            except Unavailable:
                pass  # Named when its turn comes.


def once(competitor, shape, threads, seconds, variants):
    """The records of one run, without their round."""
    try:
        lines = times(competitor, shape, threads, seconds, variants)
    except Unavailable as error:
        lines = [{"variant": "", "error": str(error)}]
    return [{"competitor": competitor.name, "group": competitor.group, "variant": line["variant"], "shape": str(shape),
             "threads": threads, **{key: line[key] for key in KEPT if key in line}} for line in lines]


def take(competitors, shapes, thread_counts, rounds, seconds, path):
    """All records, which also go to `path` as they come; and what was left out, with the reasons. Ends early on ^C."""
    records, left_out, refused = [], {}, set()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.default_int_handler)
    cells = [(shape, threads) for shape in shapes for threads in thread_counts]
    prepare(competitors, shapes, thread_counts[0])
    start, done = time.time(), 0
    try:
        with open(path, "w") as log:
            for number in range(rounds):
                for shape, threads in cells:
                    left = (time.time() - start) / done * (rounds * len(cells) - done) / 60 if done else 0
                    say(f"round {number + 1} of {rounds}, {shape}, {counted(threads)}"
                        + (f"; about {left:.0f} min left" if done else ""))
                    for competitor in random.Random(number).sample(competitors, len(competitors)):
                        where = (competitor.name, str(shape), threads)
                        if where in refused:
                            continue
                        near = competitor.group == "peer" and number >= ROUNDS_OF_ALL
                        found = once(competitor, shape, threads, seconds, worthwhile(records, *where) if near else None)
                        for record in found:
                            record["round"] = number
                            if "error" in record:
                                name = f"{competitor.name} {record['variant']}".strip()
                                left_out[f"{name} at {shape}, {counted(threads)}: {record['error']}"] = True
                            log.write(json.dumps(record) + "\n")
                        records += found
                        if found and all("error" in record for record in found):
                            refused.add(where)
                    log.flush()
                    done += 1
    except KeyboardInterrupt:
        say("stopped: the table has the rounds so far")
    return records, list(left_out)
