# SPDX-License-Identifier: Apache-2.0
"""The real agent on a card that is full: what it refuses, what goes on, and that it recovers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pdu_agent.model.history import Kept, Series
from pdu_agent.model.terms import Target, TargetKind
from pdu_agent.store.history.reader import Reader
from tests.store.history.worlds import MIDNIGHT_S, make_recorder
from tests.system.run_process import COMMUNITY, Agent

SYS_NAME = "1.3.6.1.2.1.1.5.0"
LIMIT_S = 60.0


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "card"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(card: Path) -> Path:
    """Take the last byte; what gives it back when it is removed."""
    filler = card / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


def wait_for(is_so: Callable[[], bool], unit: Agent, what: str) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end_s, f"{what}\n{unit.log()}"
        time.sleep(0.1)


def snmp_answers(unit: Agent) -> bool:
    return "STRING" in unit.snmp("snmpget", SYS_NAME, community=COMMUNITY)


def test_a_full_card_refuses_what_it_cannot_keep_and_recovers_by_itself(
    tmp_path: Path, card: Path
) -> None:
    unit = Agent(tmp_path, state_dir=card / "state")
    with unit:
        assert unit.api("POST", "/outlets/1/off", {})[0] == 200
        filler = fill(card)
        unit.api("PATCH", "/outlets/1", {"name": "kept in the runtime folder"})

        def refused() -> bool:
            return unit.api("POST", "/outlets/2/off", {})[0] == 503

        wait_for(refused, unit, "a command is done that cannot be kept")
        for path in ("/outlets/2/off", "/backups"):
            status, problem = unit.api("POST", path, {})
            assert (status, problem["code"]) == (503, "unavailable")
            assert "No space left on device" in problem["detail"] or "full" in problem["detail"]
        assert not list((card / "state" / "backups").glob("*"))
        assert snmp_answers(unit)
        told = {row["subject"] for row in unit.api("GET", "/alarms")[1]["alarms"]}
        assert told >= {"record on card", "store backup"}
        assert unit.outlets()[0]["relay_closed"] is False

        filler.unlink()
        wait_for(lambda: not refused(), unit, "commands are still refused")
        assert unit.api("POST", "/backups", {})[0] == 200
        assert unit.api("GET", "/alarms")[1]["alarms"] == []
        names = [row["name"] for row in unit.outlets()]
        assert names[0] == "kept in the runtime folder"
        unit.kill()
        unit.start()
        assert unit.outlets()[0]["name"] == names[0]


def test_the_history_waits_for_a_full_card_and_has_no_gap_afterwards(
    tmp_path: Path, card: Path
) -> None:
    """Half an hour is stored, two wait while the card is full, and all of it is there later."""
    (tmp_path / "state").symlink_to(card)
    recorder = make_recorder(tmp_path)
    columns = tuple(
        Series(Target(TargetKind.OUTLET, each + 1), Kept.ACTIVE_POWER) for each in range(64)
    )
    chance = np.random.default_rng(1)

    def half_hours(first: int, count: int) -> None:
        seconds = range(MIDNIGHT_S + first * 1800, MIDNIGHT_S + (first + count) * 1800)
        samples = chance.normal(900, 200, (len(seconds), len(columns))).astype(np.float32)
        recorder.accept(columns, seconds, samples)

    half_hours(0, 2)
    assert recorder.card.trouble == ""
    filler = fill(card)
    half_hours(2, 4)
    assert "full" in recorder.card.trouble
    filler.unlink()
    half_hours(6, 2)
    assert recorder.card.trouble == ""
    end_s = MIDNIGHT_S + 7 * 1800
    for series in (columns[0], columns[63]):
        curve = Reader(recorder).curve(series, MIDNIGHT_S, end_s, 600, 60)
        assert set(curve.coverage) == {1.0}
    recorder.close()
