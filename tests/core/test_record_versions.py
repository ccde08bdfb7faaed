# SPDX-License-Identifier: Apache-2.0
"""A record of every version that was ever written still starts: equal totals, no relay moving.

The fixtures are never regenerated; a new schema version adds one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import (
    CounterMark,
    GroupRecord,
    MeterRecord,
    OutletRecord,
    Override,
    Record,
    SensorRecord,
)
from pdu_agent.model.snapshot import OutletState
from pdu_agent.store.framing import BLOCK_BYTES, decode, encode
from pdu_agent.store.plain_record import SCHEMA_VERSION, from_plain, to_plain
from tests.core.bench import INLET, Workbench

FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_there_is_a_fixture_of_every_version() -> None:
    found = {path.name for path in FIXTURES.glob("record-v*.bin")}
    assert found == {f"record-v{version}.bin" for version in range(1, SCHEMA_VERSION + 1)}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("record-v*.bin")), ids=lambda p: p.stem)
def test_an_old_record_starts_with_equal_totals_and_moves_no_relay(path: Path) -> None:
    record = decode(path.read_bytes())
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    relays = [state == "on" for state in expected["states"]]
    bench = Workbench(outlets=4, relays=relays, record=record)
    bench.run(5)
    assert bench.board.moves == []
    outlets = bench.core.snapshot.outlets
    assert [outlet.state for outlet in outlets] == [OutletState(s) for s in expected["states"]]
    assert [o.meter.energy_mj for o in outlets if o.meter] == expected["energy_mj"]
    assert [o.meter.user_energy_mj for o in outlets if o.meter] == expected["user_energy_mj"]
    assert [o.switch_count for o in outlets] == expected["switch_counts"]
    assert outlets[0].name == expected["name_of_outlet_1"]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("record-v*.bin")), ids=lambda p: p.stem)
def test_what_an_old_record_does_not_have_yet_is_empty(path: Path) -> None:
    record = decode(path.read_bytes())
    assert (record.groups, record.sensors, record.last_event) == ({}, {}, 0)
    assert record.marks == {}


def test_a_record_with_everything_in_it_comes_back_unchanged() -> None:
    record = Record(
        seq=3,
        engine_id=b"12345",
        groups={7: GroupRecord("lab", (1, 4)), 9: GroupRecord()},
        sensors={1: SensorRecord(-3.5, 40.25), 2: SensorRecord()},
        last_event=2**32 - 1,
        marks={
            "inlet 1": CounterMark("rack ch1 ecm1240", 1.8e9, 7.125, (2**40 - 1, 0)),
            "line 2": CounterMark("", 0.0, None, ()),
        },
    )
    assert decode(encode(record)) == record


def test_what_says_nothing_new_takes_no_room() -> None:
    plain = to_plain(
        Record(
            outlets={
                1: OutletRecord("on"),
                2: OutletRecord("off", target_on=False, switch_count=3),
            },
            meters={"inlet 1": MeterRecord(energy_mj=7)},
            overrides={"device name": Override("", "")},
        )
    )
    assert plain["outlets"] == {
        "1": {"state": "on"},
        "2": {"state": "off", "target_on": False, "switch_count": 3},
    }
    assert plain["meters"] == {"inlet 1": {"energy_mj": 7}}
    assert plain["overrides"] == {"device name": {"value": "", "base": ""}}


def test_eight_metered_outlets_take_one_block_of_the_card() -> None:
    bench = Workbench(outlets=8, clock=ManualClock(wall_s=1_795_255_729.2381234))
    for number in range(1, 9):
        for target in (INLET, Target(TargetKind.OUTLET, number)):
            bench.read(target, 1e12 / 7, active_power_w=1e4 / 7, current_a=1e2 / 7)
    bench.run(1)
    assert len(encode(bench.core.final_record())) == BLOCK_BYTES


@pytest.mark.parametrize("row", [{}, {"name": "x"}, {"name": "x", "members": ["a"]}, []])
def test_a_group_that_does_not_fit_is_refused_not_guessed(row: object) -> None:
    plain = to_plain(Record(engine_id=b"12345")) | {"groups": {"1": row}}
    with pytest.raises(StoreError, match="does not fit"):
        from_plain(plain)


@pytest.mark.parametrize("row", [[], ["rack", 1.0, 2.0], ["rack", 1.0, 2.0, ["x"]], {}, None])
def test_a_mark_that_does_not_fit_is_refused_not_guessed(row: object) -> None:
    plain = to_plain(Record(engine_id=b"12345")) | {"marks": {"inlet 1": row}}
    with pytest.raises(StoreError, match="does not fit"):
        from_plain(plain)


def test_a_record_of_a_newer_version_is_refused_not_guessed() -> None:
    plain = to_plain(Record(engine_id=b"12345"))
    plain["schema"] = SCHEMA_VERSION + 1
    with pytest.raises(StoreError, match=rf"schema {SCHEMA_VERSION + 1}"):
        from_plain(plain)
