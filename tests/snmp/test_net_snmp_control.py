# SPDX-License-Identifier: Apache-2.0
"""net-snmp reads and writes what switches outlets by itself, by the names of OPENPDU-MIB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.model.actor import Hold, Rank
from pdu_agent.model.commands import (
    Action,
    CapSetting,
    ConfigureCap,
    ConfigureOutlet,
    EnablePlan,
    EnableRule,
    OutletSetting,
    ResetTrip,
    RunPlan,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.snmp.credentials import Community
from tests.mib.unit import SENSOR, WALL_S, furnished, unit, with_outlet
from tests.peers import require
from tests.snmp.rig import COMMUNITIES, Rig
from tests.snmp.test_net_snmp import AS, run, serving

pytestmark = [pytest.mark.peer, pytest.mark.asyncio]

MIBS = Path(__file__).parents[2] / "mibs"
NAMES = ("-M", f"{MIBS}:{MIBS / 'base'}", "-m", "OPENPDU-MIB")
TENANT = Community("tenants", "tenant", rights=Rights.READ, outlets={"1": Rights.NONE})


def strip() -> Rig:
    rig = Rig(2, communities=(*COMMUNITIES, TENANT))
    held = Hold("cap 1", Rank.SAFETY, False, "3102 W of 3000 W", WALL_S, "room")
    snapshot = with_outlet(furnished(unit(2, sensors=(SENSOR,))), 2, holds=(held,))
    rig.core.snapshot = replace(snapshot, seq=2)
    return rig


async def table(who: str, address: str, name: str) -> list[dict[str, str]]:
    shown = await run("snmptable", *AS[who], *NAMES, "-Cf", ";", address, f"OPENPDU-MIB::{name}")
    lines = [line for line in shown.out.splitlines() if ";" in line]
    columns = lines[0].split(";")
    return [dict(zip(columns, line.split(";"), strict=True)) for line in lines[1:]]


@pytest.mark.parametrize("who", ["v1 reader", "v2c reader", "operator"])
async def test_snmptable_shows_plans_rules_caps_and_what_holds_outlets(who: str) -> None:
    require("snmptable")
    async with serving(strip()) as address:
        plans = await table(who, address, "opduPlanTable")
        rules = await table(who, address, "opduRuleTable")
        caps = await table(who, address, "opduCapTable")
        outlets = await table(who, address, "opduOutletControlTable")
    assert [row["opduPlanName"] for row in plans] == ["night", "tidy up"]
    assert plans[0]["opduPlanNextTime"] == "2027-1-15,9:0:0.4,+0:0"
    assert plans[0]["opduPlanNextWait"] == "3600 seconds"
    assert plans[1]["opduPlanNextWait"] == "?"
    assert [row["opduRuleState"] for row in rules] == ["active", "blind"]
    assert [row["opduCapTargetKind"] for row in caps] == ["unit", "branch"]
    assert [row["opduCapState"] for row in caps] == ["restoring", "unknown"]
    assert [row["opduOutletHold"] for row in outlets] == ["none", "off"]
    assert outlets[1]["opduOutletHoldText"] == "3102 W of 3000 W"


async def test_snmpset_writes_each_of_them() -> None:
    require("snmpset")
    rig = strip()
    changes = (
        ("opduOutletCommand.2", "i", "offNow"),
        ("opduGroupCommand.1", "i", "rebootNow"),
        ("opduSysCommand.0", "i", "offNow"),
        ("opduOutletPriority.2", "u", "9"),
        ("opduOutletBeforeOff.2", "s", "tidy"),
        ("opduOutletTripReset.2", "i", "reset"),
        ("opduPlanEnabled.1", "i", "false"),
        ("opduPlanCommand.1", "i", "run"),
        ("opduRuleEnabled.2", "i", "true"),
        ("opduCapLimit.1", "u", "2500000"),
    )
    async with serving(rig) as address:
        for change in changes:
            done = await run("snmpset", *AS["operator"], *NAMES, address, *change)
            assert done.status == 0, done.err
    assert rig.core.submitted == [
        [SwitchOutlet(2, Action.OFF, forced=True)],
        [SwitchGroup(1, Action.REBOOT, forced=True)],
        [SwitchAll(Action.OFF, forced=True)],
        [ConfigureOutlet(2, OutletSetting.PRIORITY, 9)],
        [ConfigureOutlet(2, OutletSetting.BEFORE_OFF, "tidy")],
        [ResetTrip(2)],
        [EnablePlan("night", False)],
        [RunPlan("night")],
        [EnableRule("host", True)],
        [ConfigureCap(1, CapSetting.LIMIT, 2500.0)],
    ]


async def test_who_may_not_read_each_outlet_sees_no_plan() -> None:
    require("snmpwalk")
    async with serving(strip()) as address:
        for name in ("opduPlanTable", "opduRuleTable", "opduCapTable"):
            as_tenant = ("-v2c", "-c", "tenant", *NAMES, address, f"OPENPDU-MIB::{name}")
            assert "No Such" in (await run("snmpwalk", *as_tenant)).out
        as_tenant = ("-v2c", "-c", "tenant", *NAMES, address, "OPENPDU-MIB::opduOutletPriority")
        assert (await run("snmpwalk", *as_tenant)).out.count("opduOutletPriority") == 1
