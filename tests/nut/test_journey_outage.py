# SPDX-License-Identifier: Apache-2.0
"""A whole outage: load is shed, servers go down by priority through their own upsmon, and return.

The agent, upsd, the UPS's driver and each upsmon are real; UPS and machines are simulated.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.nut import upsmon
from tests.nut.dummy import DummyUps
from tests.nut.machines import TAKES_S, Machines
from tests.nut.upsd import USERS, driver, running_upsd

pytestmark = pytest.mark.peer

OUTLETS = (1, 2, 3)
MORE = """\
upses: [{{name: rack, server: '{address}', inlets: [1], poll_s: 0.5}}]
outage:
  enabled: true
  confirm_s: 1
  shed: [{{after_s: 1, outlets: [3]}}]
  low: {{stage_s: 60}}
  back: {{after_s: 2, charge_pct: 20}}
hooks:
  - {{name: nut-down, kind: fsd}}
outlets:
  - {{number: 1, priority: 1, relay: main.0, before_off: nut-down, graceful: &idle
      {{idle_below_w: 5, idle_for_s: 1, time_limit_s: 40}}}}
  - {{number: 2, priority: 2, relay: main.1, before_off: nut-down, graceful: *idle}}
  - {{number: 3, priority: 3, relay: main.2, before_off: nut-down, graceful: *idle}}
"""


def test_an_outage_from_the_first_second_on_battery_to_the_return(tmp_path: Path) -> None:
    rack = DummyUps(tmp_path)
    devices = {"rack": rack.section, "pdu": "openpdu"}
    devices |= {f"outlet{number}": "openpdu" for number in OUTLETS}
    with ExitStack() as running:
        users = USERS + upsmon.USERS
        server = running.enter_context(
            running_upsd(tmp_path / "nut", devices, users, "MAXAGE 15\n")
        )
        running.enter_context(driver(server, "dummy-ups", "rack"))
        more = MORE.format(address=server.address)
        unit = Machines(tmp_path / "unit", server.state_path, len(OUTLETS), more)
        running.callback(unit.stop)
        unit.start()
        unit.until(lambda: unit.moves() == ["1 1", "2 1", "3 1"])

        def status(number: int) -> str:
            return server.upsc(f"outlet{number}", "ups.status")

        server.until(lambda: {status(number) for number in OUTLETS} == {"OL"})
        watches = {
            number: running.enter_context(
                upsmon.running_upsmon(
                    tmp_path / f"server{number}",
                    server,
                    unit.machine(number),
                    {f"outlet{number}": 1},
                )
            )
            for number in OUTLETS
        }

        rack.say(status="OB DISCHRG")
        server.until(lambda: status(1) == "OB")
        server.until(lambda: status(3) == "FSD OFF", 60)
        assert [number for number in OUTLETS if watches[number].has_shut_down] == [3]
        assert (status(1), status(2)) == ("OB", "OB")

        rack.say({"battery.charge": "18"}, status="OB DISCHRG LB")
        server.until(lambda: status(1) == "FSD OFF", 60)
        told = {number: watches[number].told_epoch_s for number in OUTLETS}
        cut = unit.cuts()
        assert all(cut[number] > told[number] + TAKES_S for number in OUTLETS)
        assert cut[3] < told[2] < cut[2] < told[1]
        assert "battery of UPS rack low" in unit.ask("why", "1").stdout

        rack.say({"battery.charge": "19"}, status="OL CHRG")
        server.until(lambda: server.upsc("rack", "ups.status") == "OL CHRG")
        before = len(unit.moves())

        def is_charged() -> bool:
            rack.say({"battery.charge": "35"})  # again, as dummy-ups tells files by the second
            return server.upsc("rack", "battery.charge") == "35"

        server.until(is_charged)
        unit.until(lambda: unit.moves()[before:] == ["1 1", "2 1", "3 1"])
        server.until(lambda: {status(number) for number in OUTLETS} == {"OL"})
