# SPDX-License-Identifier: Apache-2.0
"""One server is shut down by its own upsmon before its outlet is cut, and no other one is.

The agent, upsd and upsmon are real; the machines are those of the simulator.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.nut import upsmon
from tests.nut.machines import TAKES_S, Machines
from tests.nut.upsd import USERS, Upsd, running_upsd

pytestmark = pytest.mark.peer

MORE = """\
hooks:
  - {name: nut-down, kind: fsd}
outlets:
  - {number: 1, name: web, relay: main.0, before_off: nut-down, graceful: &idle
      {idle_below_w: 5, idle_for_s: 1, time_limit_s: 30}}
  - {number: 2, name: nas, relay: main.1, before_off: nut-down, graceful: *idle}
  - {number: 3, name: lone, relay: main.2, before_off: nut-down, graceful: *idle}
"""
DEVICES = {"pdu": "openpdu", "outlet1": "openpdu", "outlet2": "openpdu"}


class Stage:
    def __init__(self, unit: Machines, server: Upsd, watches: dict[int, upsmon.Upsmon]) -> None:
        self.unit = unit
        self.server = server
        self.watches = watches

    def status(self, outlet: int) -> str:
        return self.server.upsc(f"outlet{outlet}", "ups.status")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """upsd has no section for outlet 3."""
    with ExitStack() as running:
        server = running.enter_context(
            running_upsd(tmp_path / "nut", DEVICES, USERS + upsmon.USERS, "MAXAGE 15\n")
        )
        unit = Machines(tmp_path / "unit", server.state_path, 3, MORE)
        running.callback(unit.stop)
        unit.start()
        assert unit.ask("on", "all", "--wait").returncode == 0
        watches = {}
        for number in (1, 2):
            server.until(lambda n=number: server.upsc(f"outlet{n}", "ups.status") == "OL")  # type: ignore[misc]
            folder = tmp_path / f"server{number}"
            machine = unit.machine(number)
            watches[number] = running.enter_context(
                upsmon.running_upsmon(folder, server, machine, {f"outlet{number}": 1})
            )
        yield Stage(unit, server, watches)


def test_its_own_server_goes_down_before_the_outlet_is_cut(stage: Stage) -> None:
    done = stage.unit.ask("off", "2", "--wait", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr + stage.watches[2].words()
    told_s = stage.watches[2].told_epoch_s
    assert stage.unit.cuts()[2] > told_s + TAKES_S
    assert "it drew under 5 W for 1 s" in stage.unit.ask("why", "2").stdout
    stage.server.until(lambda: stage.status(2) == "FSD OFF")
    assert stage.status(1) == "OL"
    assert not stage.watches[1].has_shut_down
    assert stage.unit.outlet(1)["relay_closed"]
    assert stage.unit.ask("on", "2", "--wait").returncode == 0
    stage.server.until(lambda: stage.status(2) == "OL")


def test_a_server_with_two_supplies_goes_down_with_the_second_one(
    stage: Stage, tmp_path: Path
) -> None:
    both = {"outlet1": 1, "outlet2": 1}
    machine = stage.unit.machine(2)
    with upsmon.running_upsmon(tmp_path / "both", stage.server, machine, both) as watch:
        assert stage.unit.ask("off", "1", "--wait", "--yes").returncode == 0
        stage.server.until(lambda: stage.status(1) == "FSD OFF")
        time.sleep(2.5)  # it looks each second
        assert not watch.has_shut_down
        assert stage.unit.ask("off", "2", "--wait", "--yes").returncode == 0
        assert watch.has_shut_down


def test_an_outlet_that_no_upsd_reads_stays_on_and_says_why(stage: Stage) -> None:
    reason = "no upsd reads the NUT device outlet3: is it in ups.conf?"
    done = stage.unit.ask("off", "3", "--wait", "--yes")
    assert done.returncode == 7
    assert (
        "no upsd reads the NUT device outlet3: is it in ups.conf?; not switched off" in done.stderr
    )
    assert stage.unit.outlet(3)["relay_closed"]
    (hook,) = json.loads(stage.unit.ask("hooks", "--json").stdout)["hooks"]
    assert hook["last"]["error"] == reason
    assert not any(watch.has_shut_down for watch in stage.watches.values())


def test_a_stop_goes_on_over_a_restart_of_the_agent_and_says_so_again(stage: Stage) -> None:
    stage.watches[2].folder.joinpath("shutdown").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    assert stage.unit.ask("off", "2", "--yes").returncode == 0
    stage.server.until(lambda: stage.status(2) == "FSD OB LB")
    time.sleep(0.5)  # the draw is watched by now
    stage.unit.stop()
    stage.unit.start()
    stage.server.until(lambda: stage.status(2) == "FSD OB LB")
    stage.unit.machine(2).touch()
    stage.server.until(lambda: stage.status(2) == "FSD OFF")
    assert stage.status(1) == "OL"
