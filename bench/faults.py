# SPDX-License-Identifier: Apache-2.0
"""Every fault of the simulator, one by one, against the running demo.

    python bench/faults.py [--only WORD] [--json]

The demo plays a script with all of fault_list.py, each for some seconds and with a pause after
it; it is never restarted. Meanwhile a raw SNMPv2c GET goes out every 20 ms, and the status is
read four times a second. Goals: each GET answered within 1 s; no relay moves but those that an
order or a failing supply moves; what a fault spoils is marked within three polls; its alarm is
raised once; afterwards, without a restart, no alarm is left, every value is good and every
outlet is what it was.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import repository  # noqa: F401
from fault_list import FAULTS, Fault, Status
from figures import Figure, percentile, report

from tests.system.demo_process import COMMAND, Demo
from tests.system.snmp_client import SnmpClient, name

SYS_UP_TIME = name("1.3.6.1.2.1.1.3.0")
FIRST_S = 8.0
GET_EVERY_S = 0.02
LOOK_EVERY_S = 0.25
SWITCHED_AFTER_S = 0.5
OFF, ON = 2, 1


@dataclass
class Course:
    """What was seen of one fault. Times are monotonic; None: not (yet)."""

    fault: Fault
    begun_s: float | None = None
    ended_s: float | None = None
    marked_s: float | None = None
    recovered_s: float | None = None
    raised: int = 0
    moved: list[int] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    unanswered: int = 0

    @property
    def mark_delay_s(self) -> float | None:
        if self.marked_s is None or self.begun_s is None:
            return None
        return self.marked_s - self.begun_s

    def complaints(self) -> list[str]:
        """What was not as it has to be."""
        found = []
        if self.begun_s is None:
            return ["never happened"]
        if self.unanswered or max(self.latencies_s) > 1.0:
            found.append(f"{self.unanswered} GETs without an answer within 1 s")
        delay_s = self.mark_delay_s
        if self.fault.seen is not None and (delay_s is None or delay_s > self.fault.within_s):
            found.append(f"not marked within {self.fault.within_s:g} s")
        allowed = self.fault.moves | {self.fault.switched}
        wrong = sorted(set(self.moved) - allowed)
        if wrong:
            found.append(f"outlets {wrong} moved")
        if self.raised > 1:
            found.append(f"its alarm was raised {self.raised} times")
        if self.recovered_s is None:
            found.append("not recovered")
        return found


def script_of(faults: Sequence[Fault]) -> str:
    """Each fault with a line for the log before its beginning and before its end."""
    lines, at_s = [], FIRST_S
    for number, fault in enumerate(faults):
        lines += [f"- {{at: {at_s:g}s, say: begin {number}}}", f"- {fault.begin}"]
        at_s += fault.lasts_s
        lines += [f"- {{at: {at_s:g}s, say: end {number}}}", f"- {fault.end}"]
        at_s += fault.recovers_s
    return "\n".join(lines) + "\n"


def length_s(faults: Sequence[Fault]) -> float:
    return FIRST_S + sum(fault.lasts_s + fault.recovers_s for fault in faults)


class Watch:
    """Follows a demo through the script; `courses` fill as it goes."""

    def __init__(self, demo: Demo, faults: Sequence[Fault]) -> None:
        self.courses = [Course(fault) for fault in faults]
        self._demo = demo
        self._current: Course | None = None
        self._read_to = 0
        self._events = 0
        self._moves = 0
        self._stop = threading.Event()
        self._getter = threading.Thread(target=self._ask)
        self._orders: list[tuple[float, int, int]] = []
        self._writer = SnmpClient(demo.snmp_port)

    def run(self, seconds: float) -> None:
        self._getter.start()
        end_s = time.monotonic() + seconds
        try:
            while time.monotonic() < end_s:
                self._follow_log()
                self._switch()
                self._look()
                time.sleep(LOOK_EVERY_S)
        finally:
            self._stop.set()
            self._getter.join()
            self._writer.close()

    def _ask(self) -> None:
        client = SnmpClient(self._demo.snmp_port, "public")
        while not self._stop.wait(GET_EVERY_S):
            course, begin_s = self._current, time.monotonic()
            answer = client.get(SYS_UP_TIME)
            if course is not None:
                course.latencies_s.append(time.monotonic() - begin_s)
                course.unanswered += answer is None
        client.close()

    def _follow_log(self) -> None:
        text = self._demo.log()
        fresh, self._read_to = text[self._read_to :], len(text)
        for what, number in re.findall(r"s: (begin|end) (\d+)\n", fresh):
            course, now_s = self.courses[int(number)], time.monotonic()
            if what == "end":
                course.ended_s = now_s
                self._order(course, ON, now_s)
            else:
                self._current, course.begun_s = course, now_s
                self._order(course, OFF, now_s)

    def _order(self, course: Course, state: int, now_s: float) -> None:
        if course.fault.switched:
            self._orders.append((now_s + SWITCHED_AFTER_S, course.fault.switched, state))

    def _switch(self) -> None:
        for order in [order for order in self._orders if order[0] <= time.monotonic()]:
            self._orders.remove(order)
            self._writer.set({name(COMMAND, order[1]): order[2]})

    def _look(self) -> None:
        status: Status = self._demo.api("GET", "/status")[1]
        events: list[dict[str, Any]] = self._demo.api("GET", "/events")[1]["events"]
        moves = self._demo.relay_movements()
        course = self._current
        if course is not None:
            fresh = [event for event in events if event["number"] > self._events]
            course.raised += sum(event["kind"] == "hardware fault" for event in fresh)
            course.moved += [outlet for _, outlet, _ in moves[self._moves :]]
            self._judge(course, status)
        self._events = max((event["number"] for event in events), default=0)
        self._moves = len(moves)

    def _judge(self, course: Course, status: Status) -> None:
        now_s = time.monotonic()
        if course.marked_s is None and course.fault.seen and course.fault.seen(status):
            course.marked_s = now_s
        if course.ended_s is None or self._orders:
            return
        if not is_well(status):
            course.recovered_s = None
        elif course.recovered_s is None:
            course.recovered_s = now_s


def is_well(status: Status) -> bool:
    points = [*status["outlets"], *status["inlets"]]
    return (
        not status["alarms"]
        and all(outlet["state"] == "on" for outlet in status["outlets"])
        and all(point["meter"]["quality"] == "ok" for point in points)
    )


def table(courses: Sequence[Course]) -> Iterator[str]:
    heads = f"{'GET max':>8} {'marked':>8} {'alarms':>6} {'moved':>6} {'well after':>10}"
    yield f"{'fault':<38} {heads}"
    for course in courses:
        slowest = f"{1000 * max(course.latencies_s, default=0):.0f} ms"
        delay_s = course.mark_delay_s
        marked = "-" if delay_s is None else f"{delay_s:.1f} s"
        well = "never"
        if course.recovered_s is not None and course.ended_s is not None:
            well = f"{course.recovered_s - course.ended_s:.1f} s"
        yield (
            f"{course.fault.name:<38} {slowest:>8} {marked:>8} {course.raised:>6}"
            f" {len(course.moved):>6} {well:>10}  {'; '.join(course.complaints()) or 'ok'}"
        )


def figures(courses: Sequence[Course]) -> Iterator[Figure]:
    latencies_s = [latency_s for course in courses for latency_s in course.latencies_s]
    yield Figure("faults injected", len(courses), "")
    yield Figure("slowest SNMP GET through all of them", 1000 * max(latencies_s), "ms", 1000)
    yield Figure("SNMP GET, 99 %", 1000 * percentile(latencies_s, 99), "ms")
    yield Figure("GETs without an answer", sum(course.unanswered for course in courses), "", 0)
    bad = sum(bool(course.complaints()) for course in courses)
    yield Figure("faults that were not borne as they have to be", bad, "", 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if arguments.only in fault.name]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "faults.yaml"
        script.write_text(script_of(faults), encoding="utf-8")
        with Demo(Path(folder), "--script", str(script)) as demo:
            watch = Watch(demo, faults)
            watch.run(length_s(faults))
    if not arguments.json:
        print("\n".join(table(watch.courses)))
    return report(list(figures(watch.courses)), arguments.json)


if __name__ == "__main__":
    sys.exit(main())
