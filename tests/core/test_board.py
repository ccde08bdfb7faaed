# SPDX-License-Identifier: Apache-2.0
"""A card that is nearly full and a board that is too hot are alarms, and flutter at no border."""

from __future__ import annotations

import pytest

from pdu_agent.model.events import AlarmCleared, AlarmRaised
from pdu_agent.model.host import HostStatus, Storage, StorageKind
from pdu_agent.model.snapshot import Severity
from tests.core.bench import Workbench

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def status(used_pct: float | None = 10.0, temperature_c: float | None = 45.0) -> HostStatus:
    card = [Storage(1, StorageKind.MEMORY, "Physical memory", 1024, 1000, 990)]
    if used_pct is not None:
        used_octets = round(used_pct * 10_000_000)
        card.append(Storage(3, StorageKind.DISK, "State", 4096, 1_000_000_000, used_octets))
    return HostStatus(100.0, 50, (), 1_000, tuple(card), (), temperature_c=temperature_c)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("disk", [89.9, 90.0, 88.5, 87.9, 97.0, 95.5, 94.9, 88.0, 87.0]),
        ("board temperature", [79.9, 80.0, 77.5, 76.9, 85.0, 82.5, 81.9, 77.0, 76.0]),
    ],
)
def test_each_severity_begins_at_its_border_and_ends_well_below(
    kind: str, values: list[float]
) -> None:
    unit, seen = Workbench(), []
    for value in values:
        is_disk = kind == "disk"
        unit.core.on_host(status(used_pct=value) if is_disk else status(temperature_c=value))
        seen.append([alarm.severity for alarm in unit.alarms(kind)])
    told = [[], [WARNING], [WARNING], [], [CRITICAL], [CRITICAL], [WARNING], [WARNING], []]
    assert seen == told
    heard = unit.heard.drain()
    assert len([each for each in heard if isinstance(each, AlarmRaised)]) == 3
    assert len([each for each in heard if isinstance(each, AlarmCleared)]) == 2


def test_the_alarms_say_what_is_left_and_what_to_do() -> None:
    unit = Workbench()
    unit.core.on_host(status(used_pct=98.0, temperature_c=86.25))
    (disk,), (heat,) = unit.alarms("disk"), unit.alarms("board temperature")
    assert disk.subject == "state folder"
    assert disk.text.startswith("98 % full, 20 MB left")
    assert heat.text == "the board has 86.2 C: it slows itself down, cool it"


def test_what_cannot_be_seen_any_more_ends_no_alarm_and_raises_none() -> None:
    unit = Workbench()
    unit.core.on_host(status(used_pct=None, temperature_c=None))
    assert unit.core.snapshot.alarms == ()
    unit.core.on_host(status(used_pct=95.0, temperature_c=81.0))
    unit.core.on_host(status(used_pct=None, temperature_c=None))
    assert len(unit.alarms("disk")) == len(unit.alarms("board temperature")) == 1
