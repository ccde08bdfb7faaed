# SPDX-License-Identifier: Apache-2.0
"""Many examples of every operation of the API, by schemathesis, at a whole agent.

    python -m bench.api_fuzz --examples 500
    python -m bench.api_fuzz --examples 500 --shard 1/2 & python -m bench.api_fuzz ... --shard 2/2

Meanwhile SNMP is asked all the time. In the end: every answer was one that the contract names, no
relay moved without a successful command, SNMP kept answering, and nothing failed inside the agent.
One line is printed for each operation, with what went wrong in it and the time that is left. An
operation that takes fewer different requests than --examples is asked each of them once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.system.api_fuzz import Plan, Tally, run
from tests.system.demo_process import STATE, Demo

PAUSE_S = 0.5


class Asker:
    """Asks SNMP for a state, again and again, in a thread of its own."""

    def __init__(self, demo: Demo) -> None:
        self.asked = 0
        self.unanswered = 0
        self.slowest_s = 0.0
        self._demo = demo
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._end.wait(PAUSE_S):
            began_s = time.monotonic()
            answer = self._demo.snmp("snmpget", f"{STATE}.1")
            self.asked += 1
            self.unanswered += "INTEGER" not in answer
            self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)


class Progress:
    """A line for each operation: what it took, what failed, and how long the rest will take."""

    def __init__(self, demo: Demo, tally: Tally) -> None:
        self._demo = demo
        self._tally = tally
        self._began_s = self._last_s = time.monotonic()
        self._requests = self._failures = 0

    def __call__(self, label: str, done: int, whole: int) -> None:
        now_s, tally = time.monotonic(), self._tally
        left_s = (now_s - self._began_s) / done * (whole - done)
        print(
            f"{done}/{whole} {label}: {tally.requests - self._requests} requests,"
            f" {now_s - self._last_s:.0f} s; RSS {self._demo.rss_mb():.1f} MB;"
            f" {left_s / 60:.1f} min left",
            flush=True,
        )
        for failure in tally.failures[self._failures :]:
            print(f"FAILED {failure}", flush=True)
        self._last_s = now_s
        self._requests, self._failures = tally.requests, len(tally.failures)


def main() -> int:
    plan = parsed()
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder)) as demo:
        began_s, rss_mb, tally = time.monotonic(), demo.rss_mb(), Tally()
        moved_before = len(demo.relay_movements())
        with Asker(demo) as asker:
            run(demo, plan, tally, Progress(demo, tally))
        moved = len(demo.relay_movements()) - moved_before
        told(tally, asker, moved, time.monotonic() - began_s, demo.rss_mb() - rss_mb)
        faults = list(tally.failures)
        faults += ["a relay moved without a command"] if moved and not tally.commands else []
        faults += ["SNMP did not answer"] if asker.unanswered or not asker.asked else []
        faults += [f"the agent failed inside:\n{demo.log()}"] if "Traceback" in demo.log() else []
        faults += [f"status {each}" for each in tally.answers if each >= 500 and each != 503]
    print("\n".join(faults) or "everything as the contract says")
    return 1 if faults else 0


def parsed() -> Plan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="of each operation")
    parser.add_argument("--seed", type=int, default=0, help="another one asks other examples")
    parser.add_argument("--shard", type=shard, default=(1, 1), metavar="I/N", help="I from 1 to N")
    parser.add_argument("--only", default="", help="part of names such as 'GET /api/v1/outlets'")
    arguments = parser.parse_args()
    number, shards = arguments.shard
    return Plan(arguments.examples, arguments.seed, number, shards, arguments.only)


def shard(text: str) -> tuple[int, int]:
    """'2/3' -> (2, 3): the second of three parts."""
    number, slash, shards = text.partition("/")
    if not (slash and number.isdigit() and shards.isdigit() and 1 <= int(number) <= int(shards)):
        raise argparse.ArgumentTypeError(f"{text!r}: expected I/N with I from 1 to N, such as 1/2")
    return int(number), int(shards)


def told(tally: Tally, asker: Asker, moved: int, took_s: float, grew_mb: float) -> None:
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(tally.answers.items()))
    print(f"{tally.operations} operations, {tally.requests} requests in {took_s:.0f} s ({answers})")
    print(f"{tally.nameless} of them once more without credentials")
    print(f"{tally.commands} successful POSTs, {moved} movements of relays")
    print(
        f"SNMP: {asker.asked} questions, {asker.unanswered} unanswered,"
        f" the slowest {asker.slowest_s:.2f} s; memory grew by {grew_mb:.1f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
