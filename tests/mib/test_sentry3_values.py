# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB by known answers: every column, what is missing, and a recorded unit's forms."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pdu_agent.mib_impl.sentry3 import SENTRY3
from pdu_agent.mib_impl.syntax import Tag, Value
from pdu_agent.model.commands import Limit
from pdu_agent.model.snapshot import Alarm, Branch, Inlet, SensorKind, Severity
from tests.mib.compiled import ROOT
from tests.mib.sentry3_unit import Sentry3Bench, sensor, strip
from tests.mib.unit import METER, outlet

RECORDING = ROOT / "../shared/recordings/sentry3-cw24v2c.snmprec"

SYSTEM = {
    "1.1.0": b"OpenPDU-8 Version 0.1.0",
    "1.3.0": b"Hall 2",
    "1.4.0": 1,
    "1.5.0": 1,
    "1.6.0": 525,
    "1.13.0": 1,  # 0.25 s
    "1.14.0": 9,
}
TOWER = {
    "2.1.1.2.1": b"A",
    "2.1.1.3.1": b"rack-7",
    "2.1.1.4.1": 0,
    "2.1.1.5.1": 2,
    "2.1.1.6.1": b"S-0042",
    "2.1.1.7.1": b"OpenPDU-8",
    "2.1.1.8.1": b"\0",
    "2.1.1.9.1": 5600,
    "2.1.1.10.1": 103,
    "2.1.1.11.1": 525,
    "2.1.1.12.1": 575,
    "2.1.1.13.1": 91,
    "2.1.1.14.1": 2,  # twice just short of 1.5 kWh
    "2.1.1.15.1": 50,
}
INFEED = {
    "2.2.1.2.1.1": b"AA",
    "2.2.1.3.1.1": b"Feed A",
    "2.2.1.4.1.1": bytes.fromhex("4680"),
    "2.2.1.5.1.1": 1,
    "2.2.1.6.1.1": 0,
    "2.2.1.7.1.1": 125,
    "2.2.1.8.1.1": 12,
    "2.2.1.9.1.1": 3,
    "2.2.1.10.1.1": 16,
    "2.2.1.11.1.1": 2301,
    "2.2.1.12.1.1": 263,
    "2.2.1.13.1.1": 288,
    "2.2.1.14.1.1": 91,
    "2.2.1.15.1.1": 14,
    "2.2.1.16.1.1": 14,
    "2.2.1.17.1.1": 2,
    "2.2.1.18.1.1": 2301,
    "2.2.1.19.1.1": 125,
    "2.2.1.20.1.1": 78,
    "2.2.1.24.1.1": 3680,
    "2.2.1.25.1.1": 78,
}
OUTLET = {
    "2.3.1.2.1.1.1": b"AA1",
    "2.3.1.3.1.1.1": b"Outlet 1",
    "2.3.1.4.1.1.1": bytes.fromhex("6180"),
    "2.3.1.5.1.1.1": 1,
    "2.3.1.6.1.1.1": 4,
    "2.3.1.7.1.1.1": 125,
    "2.3.1.8.1.1.1": 1,
    "2.3.1.9.1.1.1": 8,  # 7.6 A
    "2.3.1.10.1.1.1": 3,
    "2.3.1.11.1.1.1": 0,
    "2.3.1.12.1.1.1": 10,
    "2.3.1.13.1.1.1": 2301,
    "2.3.1.14.1.1.1": 263,
    "2.3.1.15.1.1.1": 288,
    "2.3.1.16.1.1.1": 91,
    "2.3.1.17.1.1.1": 14,
    "2.3.1.18.1.1.1": 1499,
    "2.3.1.19.1.1.1": 1,
}
UNMETERED_OUTLET = {
    "2.3.1.2.1.2.9": b"AB9",
    "2.3.1.3.1.2.9": b"Outlet 9",
    "2.3.1.4.1.2.9": bytes.fromhex("2000"),
    "2.3.1.5.1.2.9": 1,
    "2.3.1.6.1.2.9": 0,
    "2.3.1.7.1.2.9": -1,
    "2.3.1.10.1.2.9": 3,
    "2.3.1.11.1.2.9": 0,
    "2.3.1.12.1.2.9": 10,
    **{f"2.3.1.{column}.1.2.9": -1 for column in range(13, 19)},
    "2.3.1.19.1.2.9": 1,
}
ENVIRONMENT = {
    "2.4.1.2.1": b"A",
    "2.4.1.4.1": 0,
    "2.4.1.5.1": b"water 5",
    "2.4.1.6.1": 0,
    "2.4.1.12.1": 2,
    "2.4.1.13.1": 1,
    "2.5.1.2.1.1": b"A1",
    "2.5.1.3.1.1": b"temperature 1",
    "2.5.1.4.1.1": 0,
    "2.5.1.5.1.1": 0,
    "2.5.1.6.1.1": 235,
    "2.5.1.7.1.1": 10,
    "2.5.1.8.1.1": 35,
    "2.5.1.9.1.1": 3,
    "2.5.1.10.1.1": 52,
    "2.5.1.11.1.1": 20,
    "2.5.1.12.1.1": 100,
    "2.5.1.13.1.1": 0,
    "2.5.1.14.1.1": 2,
    "2.5.1.15.1.1": 3,
    "2.5.1.2.1.2": b"A2",
    "2.5.1.3.1.2": b"temperature 3",
    "2.5.1.4.1.2": 1,
    "2.5.1.5.1.2": 1,
    "2.5.1.6.1.2": -1,
    "2.5.1.7.1.2": 0,
    "2.5.1.8.1.2": 254,
    "2.5.1.9.1.2": 1,
    "2.5.1.10.1.2": -1,
    "2.5.1.13.1.2": 0,
    "2.5.1.14.1.2": 0,
    "2.6.1.2.1.1": b"A1",
    "2.6.1.3.1.1": b"contact 4",
    "2.6.1.4.1.1": 1,
}
BRANCHES = {
    "2.7.1.2.1.1.1": b"AA1",
    "2.7.1.3.1.1.1": b"Fuse 7",
    "2.7.1.4.1.1.1": b"\x40",
    "2.7.1.5.1.1.1": 1,
    "2.7.1.6.1.1.1": 0,
    "2.7.1.7.1.1.1": 125,
    "2.7.1.8.1.1.1": 10,
    "2.7.1.9.1.1.1": 10,
    "2.7.1.2.1.2.1": b"AB1",
    "2.7.1.3.1.2.1": b"Fuse 8",
    "2.7.1.4.1.2.1": b"\0",
    "2.7.1.5.1.2.1": 1,
    "2.7.1.6.1.2.1": 0,
    "2.7.1.7.1.2.1": -1,
    "2.7.1.9.1.2.1": 20,
}
EVENT = {"99.1.0": b"", "99.2.0": 0}


def only(reads: dict[str, object], *endings: str) -> dict[str, object]:
    """The instances of the tables and rows that a dict of answers is about."""
    return {
        suffix: content
        for suffix, content in reads.items()
        if any(re.fullmatch(ending, suffix) for ending in endings)
    }


@pytest.mark.parametrize(
    ("answers", "endings"),
    [
        (SYSTEM, (r"1\..*",)),
        (TOWER, (r"2\.1\..*",)),
        (INFEED, (r"2\.2\.1\.\d+\.1\.1",)),
        (OUTLET, (r"2\.3\.1\.\d+\.1\.1\.1",)),
        (UNMETERED_OUTLET, (r"2\.3\.1\.\d+\.1\.2\.9",)),
        (ENVIRONMENT, (r"2\.[456]\..*",)),
        (BRANCHES, (r"2\.7\..*",)),
        (EVENT, (r"99\..*",)),
    ],
)
def test_every_object_reads_as_known(answers: dict[str, object], endings: tuple[str, ...]) -> None:
    assert only(Sentry3Bench().reads(), *endings) == answers


def test_rows_are_indexed_by_tower_infeed_and_number_on_the_unit() -> None:
    reads = Sentry3Bench().reads()
    assert list(only(reads, r"2\.2\.1\.2\..*")) == ["2.2.1.2.1.1", "2.2.1.2.1.2"]
    assert list(only(reads, r"2\.3\.1\.2\..*")) == [
        "2.3.1.2.1.1.1",
        "2.3.1.2.1.1.2",
        "2.3.1.2.1.1.3",
        "2.3.1.2.1.2.9",
    ]


def test_what_the_index_has_no_place_for_is_left_out() -> None:
    at = strip()
    fifth = replace(at.outlets[0], index=5, inlet=5)
    many = replace(
        at,
        inlets=tuple(Inlet(number, f"Feed {number}", 1, METER) for number in range(1, 6)),
        outlets=(*at.outlets, fifth),
        branches=tuple(Branch(n, f"Fuse {n}", 1, "l1", 10.0, None) for n in range(1, 7)),
        sensors=tuple(sensor(n, SensorKind.TEMPERATURE) for n in range(1, 12)),
    )
    reads = Sentry3Bench(many).reads()
    assert reads["2.1.1.5.1"] == 4
    assert len(only(reads, r"2\.2\.1\.2\..*")) == 4
    assert only(reads, r"2\.3\.1\.2\.1\.5\..*") == {}
    assert [reads[key] for key in only(reads, r"2\.7\.1\.2\..*")] == [
        b"AA1",
        b"AA2",
        b"AA3",
        b"AA4",
    ]
    assert reads["1.5.0"] == 4
    assert len(only(reads, r"2\.5\.1\.2\..*")) == 8


def test_a_unit_without_sensors_branches_and_relays_has_no_such_rows() -> None:
    bare = replace(strip(), sensors=(), branches=(), outlets=())
    reads = Sentry3Bench(bare).reads()
    assert only(reads, r"2\.[34567]\..*", r"1\.14\.0") == {}
    assert (reads["1.5.0"], reads["2.2.1.9.1.1"]) == (0, 0)


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        (("relay", "sensor", "threshold"), 0),
        (("board",), 1),
        (("meter",), 1),
        (("store",), 4),
        (("store", "board"), 1),
    ],
)
def test_the_tower_shows_what_is_wrong_with_the_unit_itself(
    kinds: tuple[str, ...], status: int
) -> None:
    alarms = tuple(Alarm(n, kind, Severity.CRITICAL, "", "", 0.0) for n, kind in enumerate(kinds))
    assert Sentry3Bench(replace(strip(), alarms=alarms)).content("2.1.1.4.1") == status


def test_limits_that_are_not_watched_read_as_what_nothing_reaches() -> None:
    at = strip()
    unwatched = tuple(replace(row, enabled=frozenset[Limit]()) for row in at.thresholds)
    reads = Sentry3Bench(replace(at, thresholds=unwatched)).reads()
    highs = ("2.2.1.8.1.1", "2.3.1.9.1.1.1", "2.7.1.8.1.1.1", "2.5.1.8.1.1", "2.5.1.12.1.1")
    assert [reads[suffix] for suffix in highs] == [600, 255, 40, 254, 100]
    lows = ("2.3.1.8.1.1.1", "2.5.1.7.1.1", "2.5.1.11.1.1")
    assert [reads[suffix] for suffix in lows] == [0, 0, 0]


def test_an_interval_is_rounded_up_so_that_none_is_not_said_of_one() -> None:
    at = strip()
    for interval_s, expected in [(0.0, 0), (0.01, 1), (1.0, 1), (2.5, 3), (60.0, 15)]:
        device = replace(at.device, sequence_interval_s=interval_s)
        assert Sentry3Bench(replace(at, device=device)).content("1.13.0") == expected


def test_a_reboot_shorter_than_the_mib_has_reads_as_its_shortest() -> None:
    quick = replace(strip(), outlets=(replace(outlet(1), reboot_s=1),))
    assert Sentry3Bench(quick).content("1.14.0") == 5


def test_long_texts_are_cut_to_what_the_mib_has_room_for() -> None:
    at = strip()
    device = replace(at.device, name="n" * 40, location="l" * 40, model="m" * 64)
    reads = Sentry3Bench(replace(at, device=device)).reads()
    assert (reads["2.1.1.3.1"], reads["1.3.0"], reads["2.1.1.7.1"]) == (
        b"n" * 24,
        b"l" * 32,
        b"m" * 24,
    )
    assert reads["1.1.0"] == b"m" * 60 + b" Version 0.1.0"


def test_values_have_the_types_and_forms_of_a_recorded_unit() -> None:
    if not RECORDING.exists():
        pytest.skip("the recordings of other units are not here")
    ours: dict[tuple[int, ...], list[Value]] = {}
    for found, value in Sentry3Bench().walk():
        ours.setdefault(found[: 3 + len(SENTRY3) + 1], []).append(value)
    for line in RECORDING.read_text(encoding="utf-8").splitlines():
        name, tag, text = line.split("|", 2)
        recorded = tuple(map(int, name.split(".")))
        if recorded[: len(SENTRY3)] != SENTRY3:
            continue
        column = recorded[: 3 + len(SENTRY3) + 1]
        values = ours.get(column, [])
        assert values, f"a recorded unit has {name}"
        assert {value.tag for value in values} == {
            Tag.INTEGER if int(tag) == 2 else Tag.OCTET_STRING
        }
        if re.fullmatch(r"[A-D][A-D1-4]", text):  # the IDs of things
            assert all(re.fullmatch(rb"[A-D][A-D1-4]", _octets(value)) for value in values)
        if " Version " in text:
            assert re.fullmatch(rb"\S.* Version \S+", _octets(values[0]))


def _octets(value: Value) -> bytes:
    assert isinstance(value.content, bytes)
    return value.content
