# SPDX-License-Identifier: Apache-2.0
"""SNMP, API, pages and NUT, read in random order while somebody toggles outlets, agree.

Of states: an order that was answered is seen by whoever asks then, and what one door has told no
other takes back. Of watts, amperes and kilowatt-hours: each is one that the API told of a sample
taken while the question was on its way. NUT has a second more, for numbers and for states: it is
told once a second, and never tells what others have not been told yet.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from pdu_agent.app.runtime import READING_LAG_S
from tests.nut.upsd import Upsd, running_upsd
from tests.system.demo_process import COMMAND, Demo
from tests.system.doors import ENERGY, QUANTITIES, Door, Told, doors, readings
from tests.system.order_trail import Order, Trail
from tests.system.snmp_client import SnmpClient, name

OUTLETS = 4
DRAWS_W = (500, 400, 300, 350)
"""So much that watt-hours pass by."""
TURNS, MOST_TURNS = 60, 1200
WINDOW_S = 0.2
SAMPLE_S = WINDOW_S + READING_LAG_S
"""The API tells a new sample at least so often, where the machine keeps up."""
LOOK_S = 0.02
PATIENCE_S = 20.0
ON, OFF = 1, 2


class Samples:
    """What the API tells of each sample; asked all the time, so that none is missed."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.told: list[tuple[float, dict[int, Told]]] = []
        """Epoch seconds of the sample, and the outlets."""
        self.look()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def look(self) -> float:
        """The epoch seconds of the newest sample."""
        with self._lock:
            sampled_at, outlets = readings(self._demo)
            epoch_s = datetime.fromisoformat(sampled_at).timestamp()
            if not self.told or self.told[-1] != (epoch_s, outlets):
                self.told.append((epoch_s, outlets))
        return epoch_s

    def between(self, first_s: float, last_s: float) -> list[dict[int, Told]]:
        return [outlets for epoch_s, outlets in self.told if first_s <= epoch_s <= last_s]

    def is_complete(self, first_s: float, last_s: float) -> bool:
        """Was none missed, of those between and of that before the first?"""
        times = [epoch_s for epoch_s, _ in self.told if epoch_s <= last_s]
        since = [n for n, epoch_s in enumerate(times) if epoch_s <= first_s]
        recent = times[since[-1] :] if since else times
        gaps = (after - before for before, after in pairwise(recent))
        return bool(since) and all(gap <= SAMPLE_S for gap in gaps)

    def show_energy(self) -> bool:
        """Has a watt-hour passed by?"""
        (_, first), (_, last) = self.told[0], self.told[-1]
        return any(last[n].values[ENERGY] != row.values[ENERGY] for n, row in first.items())

    def _follow(self) -> None:
        while not self._over.wait(LOOK_S):
            self.look()

    def close(self) -> None:
        self._over.set()
        self._thread.join()


class Toggler:
    """A client of its own that gives one order after the other, by SNMP or by the API."""

    def __init__(self, demo: Demo, trail: Trail) -> None:
        self._demo, self._trail = demo, trail
        self._snmp = SnmpClient(demo.snmp_port)
        self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def toggle(self, outlet: int, by_snmp: bool) -> None:
        """Returns at once; where the last order has no answer yet there is no new one."""
        if self._last is None or self._last.done():
            self.wait()
            order = self._trail.next_order(outlet, time.monotonic())
            give = self._by_snmp if by_snmp else self._by_api
            self._last = self._pool.submit(give, outlet, order)

    def wait(self) -> None:
        if self._last is not None:
            self._last.result(PATIENCE_S)

    def _by_snmp(self, outlet: int, order: Order) -> None:
        words = {name(COMMAND, outlet): ON if order.turns_on else OFF}
        self._give(lambda: self._snmp.set(words, timeout_s=PATIENCE_S) == 0, order)

    def _by_api(self, outlet: int, order: Order) -> None:
        path = f"/outlets/{outlet}/{'on' if order.turns_on else 'off'}"
        self._give(lambda: self._demo.api("POST", path, {})[0] == 200, order)

    def _give(self, ask: Callable[[], bool], order: Order) -> None:
        """An "on" may be refused where the machine did not keep up, and the inlet's old value has
        in it what has gone off since: it counts twice. It is given again then.
        """
        limit_s = time.monotonic() + PATIENCE_S
        while not ask():
            told = json.dumps(self._demo.api("GET", "/audit?limit=3"))
            assert order.turns_on, told
            assert "exceed the rating" in told, told
            assert time.monotonic() < limit_s, told
            time.sleep(LOOK_S)
        order.answered_s = time.monotonic()

    def close(self) -> None:
        self._pool.shutdown()
        self._snmp.close()


class Judge:
    """Holds each answer against orders and samples. agreed, missed: how often the values of each
    door were of a sample that was seen, and of none though none seemed to be missing.
    """

    def __init__(self, trail: Trail, samples: Samples) -> None:
        self._trail, self._samples = trail, samples
        self._least = dict.fromkeys(trail.orders, 1)
        self._least_of_late = dict.fromkeys(trail.orders, 0)
        self.agreed: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()

    def ask(self, called: str, door: Door, outlet: int) -> None:
        first_s, asked_s = self._samples.look(), time.monotonic()
        told = door.read(outlet)
        until_s, last_s = time.monotonic(), self._samples.look()
        first_s -= door.late_s
        # Where the machine did not keep up nobody knows which samples there were, nor how late
        # it was told to others; what is exact is exact all the same.
        is_known = self._samples.is_complete(first_s, last_s)
        if is_known or not door.late_s:
            self._judge_states(called, door, told, (asked_s, until_s))
        samples = self._samples.between(first_s, last_s)
        has_met = met_one_by_one if door.late_s else met_at_once
        if has_met(told, samples, door):
            self.agreed[called] += 1
        elif is_known:
            self.missed[called] += 1

    def _judge_states(
        self, called: str, door: Door, told: dict[int, Told], when_s: tuple[float, float]
    ) -> None:
        least = self._least_of_late if door.late_s else self._least
        asked_s, until_s = when_s[0] - door.late_s, when_s[1]
        for outlet, row in told.items():
            place = self._trail.place(
                outlet, row.is_on, (asked_s, until_s), least[outlet], door.foretells
            )
            assert place is not None, (
                called,
                outlet,
                row,
                when_s,
                least,
                self._trail.orders[outlet],
            )
            least[outlet] = place
            self._least[outlet] = max(self._least[outlet], place)


def met_at_once(told: dict[int, Told], samples: list[dict[int, Told]], door: Door) -> bool:
    """Are all outlets those of one sample?"""
    return any(
        all(
            is_near(row, sample[number], quantity, door)
            for number, row in told.items()
            for quantity in QUANTITIES
        )
        for sample in samples
    )


def met_one_by_one(told: dict[int, Told], samples: list[dict[int, Told]], door: Door) -> bool:
    """Is each value that of some sample? upsd takes what it is told line by line."""
    return all(
        any(is_near(row, sample[number], quantity, door) for sample in samples)
        for number, row in told.items()
        for quantity in QUANTITIES
    )


def is_near(told: Told, sample: Told, quantity: str, door: Door) -> bool:
    value, expected = told.values[quantity], sample.values[quantity]
    if value is None or expected is None:
        return value is expected
    return abs(value - expected) <= door.errors[quantity]


@pytest.fixture(params=["without NUT", pytest.param("with NUT", marks=pytest.mark.peer)])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Demo, Upsd | None]]:
    loads = [{"load": {"of": f"outlet {n}", "watts": w}} for n, w in enumerate(DRAWS_W, 1)]
    script = tmp_path / "loads.yaml"
    script.write_text(yaml.safe_dump(loads), encoding="utf-8")
    options = ("--outlets", str(OUTLETS), "--script", str(script))
    if request.param == "without NUT":
        with Demo(tmp_path, *options) as demo:
            yield demo, None
        return
    with (
        running_upsd(tmp_path / "nut", {"pdu": "openpdu"}) as server,
        Demo(tmp_path, *options, "--nut", str(server.state_path)) as demo,
    ):
        server.until(lambda: server.upsc("pdu", "outlet.count") == str(OUTLETS))
        yield demo, server


def until(condition: Callable[[], bool], what: object) -> None:
    limit_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < limit_s, what
        time.sleep(LOOK_S)


def is_measured(demo: Demo) -> bool:
    return all(None not in row.values.values() for row in readings(demo)[1].values())


def tells(door: Door, states: Mapping[int, bool]) -> bool:
    return all(
        row.is_on is states[number]
        for outlet in states
        for number, row in door.read(outlet).items()
    )


def test_every_door_agrees_within_one_sample_while_outlets_toggle(
    unit: tuple[Demo, Upsd | None],
) -> None:
    demo, server = unit
    dice, trail = random.Random(23), Trail.of(range(1, OUTLETS + 1))
    until(lambda: is_measured(demo), "outlets are not measured")
    with (
        doors(demo, OUTLETS, server) as ways,
        closing(Samples(demo)) as samples,
        closing(Toggler(demo, trail)) as toggler,
    ):
        judge = Judge(trail, samples)
        turns = 0
        while turns < TURNS or not samples.show_energy():
            turns += 1
            assert turns <= MOST_TURNS, "no watt-hour has passed by"
            if dice.random() < 0.4:
                toggler.toggle(dice.randint(1, OUTLETS), dice.random() < 0.5)
            outlet = dice.randint(1, OUTLETS)
            for called in dice.sample(sorted(ways), len(ways)):
                judge.ask(called, ways[called], outlet)
        toggler.wait()
        for called, door in ways.items():
            until(partial(tells, door, trail.is_on_at_last()), (called, trail.is_on_at_last()))
    assert sum(map(len, trail.orders.values())) > 2 * OUTLETS
    for called in ways:
        assert judge.agreed[called] > turns / 4, judge.agreed
        # An order makes a snapshot at once, so that one in between can be gone before it is seen.
        assert judge.missed[called] <= turns / 10, judge.missed
