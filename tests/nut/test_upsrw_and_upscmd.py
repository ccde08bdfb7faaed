# SPDX-License-Identifier: Apache-2.0
"""NUT's own commands on a real upsd: what they list, write and have done on the real core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.core.settings import (
    GroupSettings,
    InletSettings,
    LineSettings,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.model.commands import Limit, Lock, Quantity, SetLock, Target, TargetKind
from pdu_agent.model.snapshot import OutletState
from tests.core.bench import INLET, Workbench
from tests.nut.nut_names import COMMAND, is_variable
from tests.nut.served import with_upsd
from tests.nut.upsd import Upsd

OUTLET_2 = Target(TargetKind.OUTLET, 2)
DEADLINE_S = 10.0


def make_unit() -> Workbench:
    """With something of every kind that has variables."""
    bench = Workbench(
        4,
        groups=(GroupSettings(1, outlets=(3, 4)),),
        thresholds=(ThresholdSettings(OUTLET_2, Quantity.CURRENT, high_warning=8.0),),
        lines=(LineSettings(1, "l1"),),
        also_metered=("inlet 1", "line 1"),
        sensors=(SensorSettings(1),),
        inlet=InletSettings(1),
        stale_after_s=3600,
    )
    for target in (INLET, OUTLET_2, Target(TargetKind.LINE, 1)):
        bench.read(target, voltage_v=230.0, current_a=1.0, active_power_w=200.0)
    bench.sense(1, 21.5)
    return bench


def settings_of(bench: Workbench) -> object:
    """All that the writes below are about; measured values move on meanwhile."""
    outlets = bench.core.snapshot.outlets
    rows = [(each.name, each.off_delay_s, each.power_up, each.state) for each in outlets]
    return rows, [(each.enabled, each.high_warning) for each in bench.core.snapshot.thresholds]


class Asked:
    """Runs NUT's commands in a thread, while the face serves upsd in this one."""

    def __init__(self, server: Upsd) -> None:
        self.server = server

    async def write(self, name: str, value: str) -> str:
        return await asyncio.to_thread(self.server.upsrw, "pdu", name, value)

    async def instruct(self, name: str, *value: str) -> str:
        return await asyncio.to_thread(self.server.upscmd, "pdu", name, *value)

    async def value(self, name: str) -> str:
        return await asyncio.to_thread(self.server.upsc, "pdu", name)

    async def until(self, condition: Callable[[], bool]) -> None:
        await asyncio.to_thread(self.server.until, condition, DEADLINE_S)

    async def until_value(self, name: str, value: str) -> None:
        await self.until(lambda: self.server.upsc("pdu", name) == value)


@pytest.mark.peer
def test_what_upsd_lists_are_names_of_nut(tmp_path: Path) -> None:
    bench = make_unit()

    async def look(server: Upsd) -> None:
        told = await asyncio.to_thread(server.variables, "pdu")
        assert told["outlet.count"] == "4"
        assert told["outlet.2.current"] == "1.00"
        unknown = [name for name in told if not is_variable(name)]
        assert unknown == []
        commands = await asyncio.to_thread(server.commands, "pdu")
        assert "outlet.group.1.load.cycle" in commands
        assert [name for name in commands if COMMAND.fullmatch(name) is None] == []

    with_upsd(tmp_path, bench, Rights.WRITE, look)


@pytest.mark.peer
def test_upsrw_writes_what_is_read_everywhere(tmp_path: Path) -> None:
    bench = make_unit()

    async def write(server: Upsd) -> None:
        asked = Asked(server)
        for name, value in (
            ("outlet.2.desc", 'rack "7" #1'),
            ("outlet.2.delay.shutdown", "30"),
            ("outlet.2.current.high.critical", "9.5"),
            ("outlet.2.current.high.warning", ""),
            ("experimental.outlet.2.powerup", "off"),
            ("device.location", "Hall 3"),
            ("input.L1.current.high.warning", "12"),
        ):
            assert await asked.write(name, value) == "SUCCESS", name
        assert bench.outlet(2).name == 'rack "7" #1'
        assert bench.outlet(2).off_delay_s == 30
        assert bench.outlet(2).power_up.value == "off"
        assert bench.core.snapshot.device.location == "Hall 3"
        row = bench.threshold(Quantity.CURRENT, OUTLET_2)
        assert (row.enabled, row.high_critical) == (frozenset({Limit.HIGH_CRITICAL}), 9.5)
        line = bench.threshold(Quantity.CURRENT, Target(TargetKind.LINE, 1))
        assert line.high_warning == 12.0
        await asked.until_value("outlet.2.desc", 'rack "7" #1')
        await asked.until_value("outlet.2.current.high.critical", "9.50")
        await asked.until_value("outlet.2.current.high.warning", "")

    with_upsd(tmp_path, bench, Rights.WRITE, write)


@pytest.mark.peer
def test_upsrw_is_told_what_cannot_be(tmp_path: Path) -> None:
    bench = make_unit()
    before = settings_of(bench)

    async def write(server: Upsd) -> None:
        asked = Asked(server)
        for name, value in (
            ("outlet.2.desc", "x" * 40),
            ("outlet.2.delay.shutdown", "7201"),
            ("outlet.2.delay.shutdown", "soon"),
            ("outlet.2.current.high.warning", "warm"),
            ("outlet.2.current.low.warning", "20"),
            ("experimental.outlet.2.powerup", "maybe"),
            ("outlet.2.status", "off"),
            ("outlet.9.desc", "x"),
        ):
            answer = await asked.write(name, value)
            assert "SUCCESS" not in answer, f"{name}: {answer}"
        assert settings_of(bench) == before

    with_upsd(tmp_path, bench, Rights.WRITE, write)


@pytest.mark.peer
def test_upscmd_switches_outlets_and_groups(tmp_path: Path) -> None:
    bench = make_unit()

    async def switch(server: Upsd) -> None:
        asked = Asked(server)
        assert await asked.instruct("outlet.1.load.off") == "SUCCESS"
        await asked.until_value("outlet.1.status", "off")
        assert await asked.instruct("outlet.group.1.load.off") == "SUCCESS"
        await asked.until(lambda: bench.state(4) is OutletState.OFF)
        assert bench.state(3) is OutletState.OFF
        assert await asked.instruct("outlet.2.load.off.delay", "60") == "SUCCESS"
        await asked.until_value("outlet.2.timer.shutdown", "60")
        assert await asked.instruct("outlet.2.shutdown.stop") == "SUCCESS"
        await asked.until_value("outlet.2.timer.shutdown", "-1")
        assert bench.state(2) is OutletState.ON

    with_upsd(tmp_path, bench, Rights.SWITCH, switch)


@pytest.mark.peer
def test_upscmd_is_told_what_cannot_be(tmp_path: Path) -> None:
    bench = make_unit()
    bench.submit(SetLock(2, Lock.LOCKED_ON))

    async def switch(server: Upsd) -> None:
        asked = Asked(server)
        for command in (
            ("outlet.9.load.off",),
            ("outlet.1.load.explode",),
            ("outlet.1.load.off", "5"),
            ("outlet.1.load.off.delay", "soon"),
            ("outlet.1.load.off.delay", "-1"),
            ("outlet.1.load.off.delay", "100000"),
            ("outlet.2.load.off",),
            ("load.off",),
        ):
            answer = await asked.instruct(*command)
            assert "SUCCESS" not in answer, f"{command}: {answer}"

    with_upsd(tmp_path, bench, Rights.SWITCH, switch)
    assert bench.board.moves == []
