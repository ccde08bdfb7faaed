# SPDX-License-Identifier: Apache-2.0
"""Does a flood of GETs make metering and publication late?

    python bench/snmp_slip.py [--quiet-seconds 15] [--seconds 30] [--outlets 8] [--json]

Inside the demo (timed_demo.py) four things are timed, first quiet, then with WINDOW GETs
always outstanding, so that the agent answers as fast as it can:

- wake-up: a converter's message of 60 ms is over; how late does its thread run again, with
  the interpreter's lock in hand? On a board the same wait is one system call.
- reading in core: from the metering thread's hand-over to the core that has taken it.
- reading shown: the same, to the end of the loop's turn that first answered with it: the
  snapshot and what the SNMP face builds from it included. Only requests cause that.
- loop timer: how late a timer like the core's fires; every 50 ms, for more of them.

A block is lost when as many samples are missing before the next as a message holds. Frames
come every 0.125 ms and the converter keeps none, so that each late millisecond between two
messages costs eight, which the meter fills; that is stated, not judged. The load generator keeps a
core busy, and agent, simulator (real converters compute nothing) and metering share the rest.
How late a process that only sleeps is woken at the same time is the host's own part.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from snmp_load import WINDOW, CommunityTalk, Load, Run, open_link, read_tree
from snmp_peers import COMMUNITY, ROOT
from snmp_questions import Question, Tree

from pdu_agent.hw.ads13x.frames import BLOCK_S
from pdu_agent.hw.ads130e08 import RATE_SPS
from tests.snmp import ber
from tests.system.demo_process import Demo

GOAL_MS = 10.0
START_S = 3.0
BLOCK_SAMPLES = round(BLOCK_S * RATE_SPS)
CONVERTERS_OF = 7
"""Currents of one converter, the inlet's among them."""
KINDS = {
    "wake": "wake-up",
    "reading": "reading in core",
    "shown": "reading shown",
    "timer": "loop timer",
    "host": "a mere sleep",
}


@dataclass(frozen=True, slots=True)
class Slip:
    """One row of timed_demo.py."""

    kind: str
    at_s: float
    late_s: float
    lost_samples: int


class Sleeper:
    """A process that sleeps for a block's time, again and again; `slips` once it was left."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=self._run, args=(there,))

    def __enter__(self) -> Sleeper:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._here.send("enough")
        self.slips = self._here.recv()
        self._process.join()

    @staticmethod
    def _run(link: Connection) -> None:
        slips = []
        while not link.poll():
            due_s = time.monotonic() + BLOCK_S
            time.sleep(BLOCK_S)
            now_s = time.monotonic()
            slips.append(Slip("host", now_s, now_s - due_s, 0))
        link.send(slips)


class TimedDemo(Demo):
    """`slips` are there once it was stopped."""

    def command(self) -> list[str]:
        program, *_module, first = super().command()[:4]
        script = str(Path(__file__).with_name("timed_demo.py"))
        return [program, script, first, *super().command()[4:]]

    def spawn(self) -> Demo:
        os.environ["OPENPDU_SLIPS"] = str(self._file)
        return super().spawn()

    @property
    def _file(self) -> Path:
        return self.folder / "slips"

    def slips(self) -> list[Slip]:
        lines = self._file.read_text(encoding="ascii").splitlines()
        return [Slip(*json.loads(line)) for line in lines]


def saturate(demo: Demo, seconds: float) -> Run:
    """GET every instance in turn as fast as answers come; all values may move."""
    talk = CommunityTalk(COMMUNITY.encode("ascii"))
    with open_link(demo.snmp_port) as link:
        found = read_tree(link, talk, ROOT)
        tree = Tree({name: replace(content, moves=True) for name, content in found.items()})
        questions = [Question(tree, talk.envelope, ber.GET, [name]) for name in tree.names]
        return Load(link, talk, questions, WINDOW).measure(seconds, [demo.pid])


def phase_figures(
    label: str, slips: list[Slip], seconds: float, converters: int, goal_ms: float | None
) -> Iterator[Figure]:
    for kind, what in KINDS.items():
        late_ms = [1000 * slip.late_s for slip in slips if slip.kind == kind]
        if not late_ms:
            continue
        yield Figure(f"{label}: {what}, number", len(late_ms), "")
        for percent in (50, 99, 100):
            goal = goal_ms if percent == 99 and kind != "host" else None
            yield Figure(f"{label}: {what}, p{percent}", percentile(late_ms, percent), "ms", goal)
    lost = [slip.lost_samples for slip in slips if slip.kind == "block"]
    frames = seconds * RATE_SPS * converters
    yield Figure(f"{label}: samples lost and filled", 100 * sum(lost) / frames, "%")
    blocks = sum(samples // BLOCK_SAMPLES for samples in lost)
    yield Figure(f"{label}: blocks lost", blocks, "", None if goal_ms is None else 0)


def between(slips: list[Slip], begin_s: float, end_s: float) -> list[Slip]:
    """Those that were due in that time, too: nobody asked for the readings of a quiet phase."""
    return [slip for slip in slips if begin_s <= slip.at_s - slip.late_s and slip.at_s < end_s]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quiet-seconds", type=float, default=15.0)
    parser.add_argument("--seconds", type=float, default=30.0, help="under load")
    parser.add_argument("--outlets", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    converters = -(-(1 + arguments.outlets) // CONVERTERS_OF)
    with tempfile.TemporaryDirectory() as folder:
        demo = TimedDemo(Path(folder), "--outlets", str(arguments.outlets))
        with demo, Sleeper() as sleeper:
            time.sleep(START_S)
            quiet_s = time.monotonic()
            time.sleep(arguments.quiet_seconds)
            loaded_s = time.monotonic()
            run = saturate(demo, arguments.seconds)
            end_s = time.monotonic()
            demo.stop()
        slips = [*demo.slips(), *sleeper.slips]
    quiet, loaded = between(slips, quiet_s, loaded_s), between(slips, loaded_s, end_s)
    figures = [
        *phase_figures("quiet", quiet, loaded_s - quiet_s, converters, None),
        *phase_figures("saturated", loaded, end_s - loaded_s, converters, GOAL_MS),
        Figure("saturated: GET answered", run.requests / run.wall_s, "/s"),
        Figure("saturated: GET p99", run.latency_us(99) / 1000, "ms"),
        Figure("saturated: agent's CPU", 100 * run.agent_cpu_s / run.wall_s, "% a core"),
        Figure("saturated: wrong or lost answers", run.wrong + run.lost, "", 0, run.first_wrong),
    ]
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
