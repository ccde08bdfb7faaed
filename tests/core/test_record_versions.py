# SPDX-License-Identifier: Apache-2.0
"""A record of every version that was ever written still starts: equal totals, no relay moving.

The fixtures are never regenerated; a new schema version adds one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import SCHEMA_VERSION, GroupRecord, Record, SensorRecord
from pdu_agent.model.snapshot import OutletState
from pdu_agent.store.framing import decode, encode
from tests.core.bench import Workbench

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


def test_a_record_with_everything_in_it_comes_back_unchanged() -> None:
    record = Record(
        seq=3,
        engine_id=b"12345",
        groups={7: GroupRecord("lab", (1, 4)), 9: GroupRecord()},
        sensors={1: SensorRecord(-3.5, 40.25), 2: SensorRecord()},
        last_event=2**32 - 1,
    )
    assert decode(encode(record)) == record


@pytest.mark.parametrize("row", [{}, {"name": "x"}, {"name": "x", "members": ["a"]}, []])
def test_a_group_that_does_not_fit_is_refused_not_guessed(row: object) -> None:
    plain = Record(engine_id=b"12345").to_plain() | {"groups": {"1": row}}
    with pytest.raises(StoreError, match="does not fit"):
        Record.from_plain(plain)


def test_a_record_of_a_newer_version_is_refused_not_guessed() -> None:
    plain = Record(engine_id=b"12345").to_plain()
    plain["schema"] = SCHEMA_VERSION + 1
    with pytest.raises(StoreError, match=rf"schema {SCHEMA_VERSION + 1}"):
        Record.from_plain(plain)
