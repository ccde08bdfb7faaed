# SPDX-License-Identifier: Apache-2.0
"""Whoever asks in whatever order, by whichever door: they are told the same, while outlets toggle.

The state is exact: an order that was answered is seen by the next question. A reading may be newer
where it is asked for later, never older than one that somebody else was told before.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.system.demo_process import BASE, STATE, Demo, UnixConnection
from tests.system.snmp_client import SnmpClient, name

OUTLETS = 4
TURNS = 60
OUTLET_POWER = (1, 3, 2, 1, 3)
SNMP_POWER_W = 0.001
WINDOW_S = 0.2


class Follower:
    """The newest of each outlet that a stream has told."""

    def __init__(self, socket: Path) -> None:
        self._connection = UnixConnection(socket)
        self._connection.request("GET", "/api/v1/stream?topics=readings,state")
        self._answer = self._connection.getresponse()
        self.states: dict[int, str] = {}
        self.readings: dict[str, list[dict[str, Any]]] = {}
        """By when they were sampled."""
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        event = ""
        try:
            while line := self._answer.readline():
                word, _, text = line.decode().strip().partition(": ")
                if word == "event":
                    event = text
                elif word == "data":
                    self._take(event, json.loads(text))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # closed from the other thread

    def _take(self, event: str, data: Any) -> None:
        if event == "state":
            self.states[data["outlet"]["number"]] = data["outlet"]["state"]
        elif event == "readings":
            self.readings[data["sampled_at"]] = data["outlets"]
            self.states |= {row["number"]: row["state"] for row in data["outlets"]}

    def close(self) -> None:
        sock = self._connection.sock
        if sock is not None:
            sock.shutdown(2)
        self._thread.join(10)
        self._connection.close()


def settled(state: str) -> bool | None:
    return {"on": True, "off": False}.get(state)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("instant"), "--outlets", str(OUTLETS)) as running:
        yield running


@pytest.fixture
def doors(demo: Demo) -> Iterator[dict[str, Callable[[int], str]]]:
    """Each tells the state of an outlet: on, off, or something else while it is on its way."""
    snmp = SnmpClient(demo.snmp_port)
    words = {1: "on", 2: "off"}

    def by_snmp(outlet: int) -> str:
        values = snmp.get(name(STATE, outlet), timeout_s=5.0)
        assert values is not None
        assert isinstance(values[0], int)
        return words.get(values[0], "on its way")

    def by_list(outlet: int) -> str:
        return str(demo.outlets()[outlet - 1]["state"])

    def by_row(outlet: int) -> str:
        return str(demo.api("GET", f"/outlets/{outlet}")[1]["state"])

    def by_readings(outlet: int) -> str:
        return str(demo.api("GET", "/readings")[1]["outlets"][outlet - 1]["state"])

    yield {"snmp": by_snmp, "list": by_list, "row": by_row, "readings": by_readings}
    snmp.close()


def test_doors_asked_in_any_order_agree_while_outlets_toggle(
    demo: Demo, doors: dict[str, Callable[[int], str]]
) -> None:
    dice = random.Random(7)
    follower = Follower(demo.runtime_dir / "api.sock")
    wanted = dict.fromkeys(range(1, OUTLETS + 1), True)
    try:
        for _ in range(TURNS):
            outlet = dice.randint(1, OUTLETS)
            if dice.random() < 0.3:
                wanted[outlet] = not wanted[outlet]
                verb = "on" if wanted[outlet] else "off"
                assert demo.api("POST", f"/outlets/{outlet}/{verb}", {})[0] == 200
            order = dice.sample(sorted(doors), len(doors))
            told = [settled(doors[door](outlet)) for door in order]
            # Nobody is told the old state, and who was told the new one is not taken back.
            assert (not wanted[outlet]) not in told, (order, told)
            first = next((place for place, each in enumerate(told) if each is not None), None)
            assert first is None or None not in told[first:], (order, told)
        at_rest(demo)
        shown = {row["number"]: row for row in demo.outlets()}
        assert {n: settled(row["state"]) for n, row in shown.items()} == wanted
        limit_s = time.monotonic() + 20
        while {n: settled(state) for n, state in follower.states.items()} != wanted:
            assert time.monotonic() < limit_s, (follower.states, wanted)
            time.sleep(0.02)
    finally:
        follower.close()


def at_rest(demo: Demo) -> None:
    limit_s = time.monotonic() + 20
    while any(row["pending"] or row["state"] not in ("on", "off") for row in demo.outlets()):
        assert time.monotonic() < limit_s
        time.sleep(0.05)


def test_a_reading_is_the_same_by_every_door_or_one_sample_apart(demo: Demo) -> None:
    """Between two answers of the API, the third door may tell what either of them did."""
    snmp = SnmpClient(demo.snmp_port)
    dice, agreed = random.Random(11), 0

    def by_row() -> tuple[str, float]:
        meter = demo.api("GET", "/outlets/1")[1]["meter"]
        return str(meter["sampled_at"]), float(meter["active_power_w"])

    def by_list() -> float:
        return float(demo.outlets()[0]["meter"]["active_power_w"])

    def by_readings() -> float:
        return float(demo.api("GET", "/readings")[1]["outlets"][0]["active_power_w"])

    def by_snmp() -> float:
        values = snmp.get(name(BASE, *OUTLET_POWER, 1), timeout_s=5.0)
        assert values is not None
        assert isinstance(values[0], int)
        return values[0] * SNMP_POWER_W

    try:
        for _ in range(TURNS):
            first_at, before_w = by_row()
            told_w = dice.choice([by_list, by_readings, by_snmp])()
            last_at, after_w = by_row()
            if apart_s(first_at, last_at) < 1.5 * WINDOW_S:  # else more than one was in between
                agreed += 1
                assert min(abs(told_w - before_w), abs(told_w - after_w)) <= SNMP_POWER_W
    finally:
        snmp.close()
    assert agreed > TURNS / 4


def test_the_stream_tells_what_the_api_tells_of_the_same_sample(demo: Demo) -> None:
    follower = Follower(demo.runtime_dir / "api.sock")
    asked: dict[str, list[dict[str, Any]]] = {}
    limit_s = time.monotonic() + 20
    try:
        while len(asked.keys() & follower.readings.keys()) < 3:
            assert time.monotonic() < limit_s, "the stream and the API share no sample"
            told = demo.api("GET", "/readings")[1]
            asked[told["sampled_at"]] = told["outlets"]
            time.sleep(0.02)
    finally:
        follower.close()
    for sampled_at in asked.keys() & follower.readings.keys():
        assert follower.readings[sampled_at] == asked[sampled_at]


def apart_s(first: str, last: str) -> float:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
