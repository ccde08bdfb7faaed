# SPDX-License-Identifier: Apache-2.0
"""What is seen of faults while an agent plays them: by SNMP every 20 ms, by its API at 4 Hz."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import repository  # noqa: F401
from fault_list import Fault, Lane, Status

from tests.system.demo_process import COMMAND, Demo
from tests.system.snmp_client import SnmpClient, name

SYS_UP_TIME = name("1.3.6.1.2.1.1.3.0")
GET_EVERY_S = 0.02
LOOK_EVERY_S = 0.25
SWITCHED_AFTER_S = 0.1
BEGIN_S = 6.0
OFF, ON = 2, 1
ALARM_KINDS = ("hardware fault", "sensor status")


@dataclass
class Course:
    """What was seen of one fault. Times are monotonic; None: not (yet).

    raised, cleared: how often, by subject. lies: wrong values that were shown as good.
    """

    lane: Lane
    fault: Fault
    begun_s: float | None = None
    ended_s: float | None = None
    marked_s: float | None = None
    recovered_s: float | None = None
    raised: Counter[str] = field(default_factory=Counter)
    cleared: Counter[str] = field(default_factory=Counter)
    moved: list[int] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    unanswered: int = 0

    @property
    def mark_delay_s(self) -> float | None:
        if self.marked_s is None or self.begun_s is None:
            return None
        return self.marked_s - self.begun_s

    def is_over(self, now_s: float) -> bool:
        """Its time to recover has passed: what follows is of other lanes."""
        return self.ended_s is not None and now_s > self.ended_s + self.lane.recovers_s

    def complaints(self) -> list[str]:
        """What was not as it has to be."""
        if self.begun_s is None:
            return ["never happened"]
        found = []
        if self.unanswered or max(self.latencies_s, default=0.0) > 1.0:
            found.append(f"{self.unanswered} GETs without an answer within 1 s")
        delay_s, within_s = self.mark_delay_s, self.fault.within_s
        if self.fault.switched:
            within_s = within_s and within_s + SWITCHED_AFTER_S + LOOK_EVERY_S
        # What happens just after a look is seen by the next one, a quarter of a second later.
        if within_s and (delay_s is None or delay_s > within_s + 2 * LOOK_EVERY_S):
            found.append(f"not marked within {self.fault.within_s:g} s")
        wrong = sorted(set(self.moved) - self.fault.moves - {self.fault.switched})
        if wrong:
            found.append(f"outlets {wrong} moved")
        # What lies at random, and cannot be known to lie, may seem well in between.
        most = 2 if self.fault.may_lie else 1
        often = [f"{what} {count} times" for what, count in self.raised.items() if count > most]
        if often:
            found.append(f"alarms repeat: {', '.join(often)}")
        if self.lies and not self.fault.may_lie:
            found.append(f"shown as good: {self.lies[0]} ({len(self.lies)} times)")
        if self.recovered_s is None:
            found.append("not recovered")
        elif self.raised != self.cleared:
            found.append(f"raised {dict(self.raised)}, told as over {dict(self.cleared)}")
        return found


class Watch:
    """Follows an agent through its script; `courses` fill as it goes.

    The log says `begin N` and `end N` for the Nth of them.
    """

    def __init__(self, demo: Demo, lanes: Sequence[Lane], write_community: str) -> None:
        self.courses = [Course(lane, fault) for lane in lanes for fault in lane.faults]
        self._demo = demo
        self._current: dict[str, Course] = {}
        self._read_to = 0
        self._events: int | None = None
        self._moves = 0
        self._stop = threading.Event()
        self._getter = threading.Thread(target=self._ask)
        self._orders: list[tuple[float, int, int]] = []
        self._writer = SnmpClient(demo.snmp_port, write_community)

    def run(self, seconds: float) -> None:
        self._getter.start()
        self._switch_on()
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

    def _switch_on(self) -> None:
        """Boards with a supply of their own are adopted as they are found: open."""
        wanted = frozenset().union(*(course.lane.relays for course in self.courses))
        limit_s = time.monotonic() + BEGIN_S
        while time.monotonic() < limit_s:
            states = {row["number"]: row["state"] for row in self._demo.outlets()}
            if all(states[number] == "on" for number in wanted):
                return
            for number in wanted:
                if states[number] == "off":
                    self._writer.set({name(COMMAND, number): ON})
            time.sleep(LOOK_EVERY_S)

    def _ask(self) -> None:
        client = SnmpClient(self._demo.snmp_port, "public")
        while not self._stop.wait(GET_EVERY_S):
            begin_s = time.monotonic()
            answer = client.get(SYS_UP_TIME)
            latency_s = time.monotonic() - begin_s
            for course in tuple(self._current.values()):
                if course.is_over(begin_s):
                    continue
                course.latencies_s.append(latency_s)
                course.unanswered += answer is None
        client.close()

    def _follow_log(self) -> None:
        text = self._demo.log()
        fresh, self._read_to = text[self._read_to :], len(text)
        for what, number in re.findall(r"s: (begin|end) (\d+)\n", fresh):
            course, now_s = self.courses[int(number)], time.monotonic()
            if what == "end":
                course.ended_s = now_s
                self._order(course.fault.ordered_on | {course.fault.switched}, ON, now_s)
            else:
                self._current[course.lane.name], course.begun_s = course, now_s
                self._order({course.fault.switched}, OFF, now_s)

    def _order(self, outlets: Iterable[int], state: int, now_s: float) -> None:
        """0 is no outlet."""
        at_s = now_s + SWITCHED_AFTER_S
        self._orders += [(at_s, outlet, state) for outlet in outlets if outlet]

    def _switch(self) -> None:
        for order in [order for order in self._orders if order[0] <= time.monotonic()]:
            self._orders.remove(order)
            self._writer.set({name(COMMAND, order[1]): order[2]})

    def _look(self) -> None:
        status: Status = self._demo.api("GET", "/status")[1]
        status["sensors"] = self._demo.api("GET", "/sensors")[1]["sensors"]
        events: list[dict[str, Any]] = self._demo.api("GET", "/events")[1]["events"]
        fresh = [event for event in events if event["number"] > (self._events or 0)]
        if self._events is None:
            fresh = []
        moves = self._demo.relay_movements()
        for course in self._current.values():
            if course.is_over(time.monotonic()):
                continue
            self._count(course, fresh)
            outlets = course.lane.relays
            course.moved += [o for _, o, _ in moves[self._moves :] if o in outlets]
            self._judge(course, status)
        self._events = max((event["number"] for event in events), default=0)
        self._moves = len(moves)

    def _count(self, course: Course, events: Sequence[dict[str, Any]]) -> None:
        """Alarms of the lane's subjects, and their ends. Of a sensor every change is told."""
        for event in reversed(events):
            text = event["text"]
            if event["kind"] == "hardware fault":
                course.raised.update(s for s in course.lane.subjects if text.startswith(f"{s}: "))
            elif event["kind"] == "hardware cleared":
                over = (s for s in course.lane.subjects if text.startswith(f"{s} is in order"))
                course.cleared.update(over)
            elif event["kind"] == "sensor status" and event["target"] in course.lane.subjects:
                if text.endswith("was ok"):
                    course.raised[event["target"]] += 1
                elif " is ok, " in text:
                    course.cleared[event["target"]] += 1

    def _judge(self, course: Course, status: Status) -> None:
        now_s, lane, fault = time.monotonic(), course.lane, course.fault
        is_well = lane.is_well(status)
        if course.marked_s is None and (fault.seen(status) if fault.seen else not is_well):
            course.marked_s = now_s
        if not fault.moves and not fault.switched:
            course.lies += lane.lies(status)
        if course.ended_s is None or self._orders:
            return
        if not is_well:
            course.recovered_s = None
        elif course.recovered_s is None:
            course.recovered_s = now_s
