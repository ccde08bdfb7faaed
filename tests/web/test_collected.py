# SPDX-License-Identifier: Apache-2.0
"""Bodies are encoded once as long as nothing changes, and never shown to who may not read them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.snapshot import Outlet, OutletState
from pdu_agent.web import collected, resources
from pdu_agent.web.collected import COLLECTIONS, MAX_KEPT, OFTEN, Bodies
from pdu_agent.web.plain import Plain
from tests.web.fake_agent import (
    FakeController,
    RunningAgent,
    make_meter,
    make_outlet,
    make_snapshot,
    running_agent,
)

EVERYBODY = Grant.everywhere(Rights.READ)


def only(outlet: int) -> Grant:
    return Grant(Rights.NONE, Rights.NONE, {outlet: Rights.READ})


def test_the_same_instant_is_encoded_once_for_all_who_read_everything() -> None:
    bodies, snapshot = Bodies(), make_snapshot()
    first = bodies.of("outlets", snapshot, EVERYBODY)
    assert bodies.of("outlets", snapshot, Grant.everywhere(Rights.WRITE)) is first
    assert bodies.of("outlets", replace(snapshot, seq=2), EVERYBODY) is not first


def test_of_a_new_instant_only_what_differs_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = resources.lasting

    def lasting(row: Outlet) -> Plain:
        made.append(row.index)
        return real(row)

    monkeypatch.setattr(resources, "lasting", lasting)
    bodies, before = Bodies(), make_snapshot()
    bodies.of("outlets", before, EVERYBODY)
    made.clear()
    changed = replace(before.outlets[2], state=OutletState.ON)
    after = replace(before, outlets=(*before.outlets[:2], changed, before.outlets[3]))
    shown = json.loads(bodies.of("status", after, EVERYBODY).text)
    assert made == [3]
    assert [row["state"] for row in shown["outlets"]] == ["on", "on", "on", "unknown"]
    assert shown["outlets"] == [resources.outlet(row) for row in after.outlets]


def test_of_a_new_reading_only_the_meter_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies, before = Bodies(), make_snapshot()
    bodies.of("outlets", before, EVERYBODY)
    rows = tuple(replace(row, meter=make_meter(energy_mj=7 * 3_600_000)) for row in before.outlets)
    expected = [resources.outlet(row) for row in rows]
    monkeypatch.delattr(resources, "lasting")
    shown = json.loads(bodies.of("outlets", replace(before, outlets=rows), EVERYBODY).text)
    assert shown["outlets"] == expected
    assert shown["outlets"][0]["meter"]["energy_wh"] == 7


def test_of_another_second_only_the_hours_are_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies, before = Bodies(), make_snapshot()
    bodies.of("outlets", before, EVERYBODY)
    rows = tuple(replace(row, wear=replace(row.wear, on_s=7261.0)) for row in before.outlets)
    expected = [resources.outlet(row) for row in rows]
    monkeypatch.delattr(resources, "lasting")
    monkeypatch.delattr(collected, "momentary")
    shown = json.loads(bodies.of("outlets", replace(before, outlets=rows), EVERYBODY).text)
    assert shown["outlets"] == expected
    assert shown["outlets"][0]["on_s"] == 7261.0


@pytest.mark.parametrize(("asked", "is_ready"), [(OFTEN - 1, False), (OFTEN, True)])
def test_for_who_asks_often_the_next_outlets_are_encoded_before_they_ask(
    monkeypatch: pytest.MonkeyPatch, asked: int, is_ready: bool
) -> None:
    made: list[int] = []
    bodies, before = Bodies(), make_snapshot()
    for _ in range(asked):
        bodies.of("outlets", before, EVERYBODY)
    changed = replace(before.outlets[2], state=OutletState.ON)
    after = replace(before, outlets=(*before.outlets[:2], changed, before.outlets[3]))
    monkeypatch.setattr(
        resources, "lasting", lambda row: made.append(row.index) or {"number": row.index}
    )
    assert asyncio.run(bodies.make_ready(FakeController(after))) is is_ready
    assert made == ([3] if is_ready else [])
    bodies.of("outlets", after, EVERYBODY)
    assert made == [3]
    assert asyncio.run(bodies.make_ready(FakeController(before))) is False, "asked for only once"
    assert made == [3]


def test_everybody_is_shown_what_they_may_read_whoever_asked_before() -> None:
    bodies, snapshot = Bodies(), make_snapshot()
    for grant, expected in [(EVERYBODY, [1, 2, 3, 4]), (only(2), [2]), (only(3), [3])] * 2:
        shown = json.loads(bodies.of("outlets", snapshot, grant).text)
        assert [row["number"] for row in shown["outlets"]] == expected
    assert json.loads(bodies.of("inlets", snapshot, only(2)).text)["inlets"] == []


def test_no_more_than_a_few_bodies_are_kept() -> None:
    bodies, snapshot = Bodies(), make_snapshot()
    for outlet in range(1, 3 * MAX_KEPT):
        bodies.of("outlets", snapshot, only(outlet))
    assert len(bodies._kept) == MAX_KEPT


@pytest.mark.parametrize("name", COLLECTIONS)
def test_each_collection_tells_its_instant(name: str) -> None:
    shown = json.loads(Bodies().of(name, make_snapshot(), EVERYBODY).text)
    assert shown["time"] == "2027-01-15T08:00:00.000Z"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    rows = tuple(make_outlet(number) for number in range(1, 9))
    with running_agent(tmp_path, make_snapshot(outlets=rows)) as running:
        yield running


def test_who_unpacks_gets_it_packed_and_the_same(agent: RunningAgent) -> None:
    plain = agent.local("GET", "/api/v1/outlets")
    packed = agent.local("GET", "/api/v1/outlets", Accept_Encoding="br, gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Content-Encoding"] is None
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 4


def test_what_is_small_is_not_packed(agent: RunningAgent) -> None:
    answer = agent.local("GET", "/api/v1/device", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] is None
    assert answer.json["name"] == "rack-7"


def test_what_was_switched_is_shown_at_once(agent: RunningAgent) -> None:
    before = agent.local("GET", "/api/v1/outlets").json["outlets"][0]
    agent.local("POST", "/api/v1/outlets/1/off", {})
    after = agent.local("GET", "/api/v1/outlets").json["outlets"][0]
    assert (before["state"], after["state"]) == ("on", "off pending")
