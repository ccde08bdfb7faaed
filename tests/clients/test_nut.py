# SPDX-License-Identifier: Apache-2.0
"""NUT's snmp-ups: what it shows is what the unit measures, and what it cannot write it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import daemons, stage
from tests.clients.openpdu_mib import is_about, measured, wait_for_load
from tests.peers import require
from tests.system.demo_process import COMMAND, Demo

pytestmark = pytest.mark.peer

UPSC = f"upsc {daemons.UPS}"


def written(assignment: str) -> str:
    return f"upsrw -w -u admin -p secret -s {assignment} {daemons.UPS}"


@pytest.mark.parametrize("identity", ["own", "apc-rpdu"])
def test_the_driver_finds_its_map_and_shows_the_unit_as_it_is(
    tmp_path: Path, identity: str
) -> None:
    require("snmp-ups", "upsd", "upsc", "upsrw", "snmpset")
    (tmp_path / "nut").mkdir()
    with Demo(tmp_path, "--identity", identity) as demo:
        wait_for_load(demo)
        movements = stage.Movements(demo)
        with daemons.nut(demo, tmp_path / "nut", "auto") as ports:
            run = stage.runner(demo, ports)
            values = dict(line.split(": ", 1) for line in run(UPSC).splitlines() if ": " in line)
            inlet = measured(demo)
            assert is_about(float(values["input.current"]), inlet["opduInletCurrent", "1"])
            assert is_about(float(values["input.realpower"]), inlet["opduInletActivePower", "1"])
            assert values["device.model"] == "OpenPDU demo, 8 outlets"
            assert [values[f"outlet.{number}.desc"] for number in range(1, 9)] == [
                f"Outlet {number}" for number in range(1, 9)
            ]
            demo.snmp("snmpset", f"{COMMAND}.2", "i", "2", community="private")
            log = tmp_path / "nut" / "driver.log"
            stage.until(lambda: run(f"{UPSC} outlet.2.status") == "off", log)
        assert movements.at_rest() == [(2, 0)]


def test_what_the_driver_writes_is_done_or_refused_but_never_half(tmp_path: Path) -> None:
    """2.8.0 sends a word for a number and is refused; one that sends the number switches."""
    require("snmp-ups", "upsd", "upsc", "upsrw")
    (tmp_path / "nut").mkdir()
    with Demo(tmp_path) as demo:
        movements = stage.Movements(demo)
        with daemons.nut(demo, tmp_path / "nut") as ports:
            run = stage.runner(demo, ports)
            told = run(written("outlet.4.status=off"))
            assert ("FAILED" in told) or told == "OK", told
            assert movements.at_rest() == ([] if "FAILED" in told else [(4, 0)])
            assert "FAILED" in run(written("outlet.4.desc=web-4"))
        assert demo.outlets()[3]["name"] == "Outlet 4"
