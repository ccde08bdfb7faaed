# SPDX-License-Identifier: Apache-2.0
"""Sentry4-MIB beside the recording of a real unit; skipped where that is not at hand."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from pdu_agent.mib_impl.sentry4 import sentry4_module
from pdu_agent.mib_impl.syntax import Tag, Unacceptable, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import Inlet, SensorKind, SensorStatus, Snapshot
from tests.mib.compiled import ROOT
from tests.mib.sentry4 import SENTRY4, SentryBench, sensor, strip, threshold
from tests.mib.unit import METER, unit

RECORDING = ROOT / "../shared/recordings/sentry4-smartpdu.snmprec"

LEFT_OUT = {
    "3.2.1.6": "the plug is not known",
    "3.2.1.8": "no bounds of the maker are known",
    "3.2.1.9": "no bounds of the maker are known",
    "3.2.1.11": "no bounds of the maker are known",
    "3.3.1.12": "one line has no balance",
    "3.3.1.13": "one line has no balance",
    "3.4.1.1": "notifications are switched by class",
    "3.4.1.12": "one line has no balance",
    "3.4.1.13": "one line has no balance",
    "9.4.1.1": "notifications are switched by class",
}

# How the recorded unit writes IDs and labels.
FORMS = {
    "3.2.1.2": r"A[A-D]",
    "4.2.1.4": r"A[A-D]:L[1-3]",
    "5.2.1.4": r"A[A-D]:L[1-3]-(L[1-3]|N|R)",
    "6.2.1.4": r"A[A-D]:L[1-3]-(L[1-3]|N|R)-BR\d+",
    "7.2.1.4": r"A[A-D]:L[1-3]-(L[1-3]|N|R)-BR\d+",
    "10.2.1.2": r"A\d",
}

INLET_1 = Target(TargetKind.INLET, 1)


@cache
def recorded() -> dict[str, Value]:
    """By suffix below st4Objects."""
    if not RECORDING.exists():
        pytest.skip("the recording is not here")
    base, found = ".".join(map(str, (*SENTRY4, 1))) + ".", {}
    for line in RECORDING.read_text(encoding="utf-8").splitlines():
        oid, kind, content = line.split("|", 2)
        if oid.startswith(base):
            number = kind == "2"
            found[oid.removeprefix(base)] = Value(
                Tag.INTEGER if number else Tag.OCTET_STRING,
                int(content) if number else content.encode(),
            )
    return found


def column_of(suffix: str) -> str:
    """Of an instance in a table; all recorded ones are in tables."""
    return ".".join(suffix.split(".")[:4])


def as_recorded() -> Snapshot:
    """A unit with one line that measures what the recorded cord and its first line do."""
    electrical = Electrical(
        voltage_v=207.9,
        current_a=5.6,
        active_power_w=1701.0,
        apparent_power_va=1790.0,
        power_factor=0.95,
        frequency_hz=60.0,
        quality=Quality.OK,
    )
    meter = replace(
        METER, electrical=electrical, user_energy_mj=893_700 * 3_600_000, rated_current_a=30.0
    )
    lost = {"status": SensorStatus.ABSENT, "sample_wall_s": None}
    return replace(
        unit(
            0,
            sensors=(
                sensor(1, SensorKind.TEMPERATURE, None, **lost),
                sensor(2, SensorKind.TEMPERATURE, None, **lost),
                sensor(3, SensorKind.HUMIDITY, None, name="Humid_Sensor_A1", **lost),
                sensor(4, SensorKind.HUMIDITY, None, name="Humid_Sensor_A2", **lost),
            ),
        ),
        inlets=(Inlet(1, "Master_Cord_A", 1, meter, nominal_voltage_v=208.0),),
        thresholds=(
            threshold(INLET_1, Quantity.ACTIVE_POWER, (None, None, 7565.0, 8646.0)),
            threshold(INLET_1, Quantity.APPARENT_POWER, (None, None, 7565.0, 8646.0)),
            threshold(INLET_1, Quantity.POWER_FACTOR, (0.3, 0.4, None, None)),
            *(
                threshold(
                    Target(TargetKind.SENSOR, number),
                    Quantity.TEMPERATURE,
                    (1.0, 5.0, 45.0, 50.0),
                )
                for number in (1, 2)
            ),
        ),
    )


def test_every_recorded_column_is_served_or_left_out_for_a_reason() -> None:
    view = MibView((sentry4_module(),))
    unknown = {
        column_of(suffix)
        for suffix in recorded()
        if view.object_of((*SENTRY4, 1, *map(int, suffix.split(".")))) is None
    }
    assert unknown == set(LEFT_OUT)


def test_every_recorded_value_is_one_that_could_be_shown_here() -> None:
    view = MibView((sentry4_module(),))
    for suffix, value in recorded().items():
        place = view.object_of((*SENTRY4, 1, *map(int, suffix.split("."))))
        if place is None:
            continue
        declared = place.declared
        assert declared.syntax.tag is value.tag, suffix
        try:
            declared.syntax.decode(value)
        except Unacceptable:
            assert declared.absent == value.content, suffix


def test_ids_and_labels_have_the_form_of_the_recorded_ones() -> None:
    tree = SentryBench(strip()).tree()
    columns = {column_of(suffix) for suffix in recorded()}
    for column, form in FORMS.items():
        assert column in columns
        ours = [content for suffix, content in tree.items() if suffix.startswith(column + ".")]
        theirs = [v.content for suffix, v in recorded().items() if column_of(suffix) == column]
        assert ours
        for content in ours + theirs:
            assert isinstance(content, bytes)
            assert re.fullmatch(form, content.decode()), column


def test_a_unit_that_measures_the_same_shows_the_same_values() -> None:
    tree = SentryBench(as_recorded()).tree()
    same = {suffix for suffix in recorded() if suffix in tree}
    differing = {suffix for suffix in same if tree[suffix] != recorded()[suffix].content}
    # What follows from three lines and their 36 outlets, and the label of the phase.
    assert differing == {
        "3.2.1.12.1.1",
        "3.2.1.20.1.1",
        "3.2.1.21.1.1",
        "3.2.1.22.1.1",
        "3.2.1.23.1.1",
        "3.2.1.24.1.1",
        "3.3.1.7.1.1",
        "5.2.1.4.1.1.1",
        "5.3.1.6.1.1.1",
        "5.3.1.8.1.1.1",
    }
    assert len(same) > 45
