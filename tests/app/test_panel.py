# SPDX-License-Identifier: Apache-2.0
"""The whole panel on simulated hardware: fingers in, contacts, lamps and displays out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from pdu_agent.app.config.panel import ButtonSettings, DisplayEntry, IoEntry, LedSettings
from pdu_agent.app.panel.panel import Panel
from pdu_agent.app.runtime import Runtime
from pdu_agent.core.birth import Birth
from pdu_agent.core.settings import (
    CoreSettings,
    DeviceSettings,
    InletSettings,
    OutletSettings,
    RelayRef,
    SensorSettings,
)
from pdu_agent.hw.contact import ContactSettings
from pdu_agent.hw.hd44780 import Hd44780Settings
from pdu_agent.hw.pcf8574 import Pcf8574Settings
from pdu_agent.hw.sim.hd44780 import SimHd44780
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.pcf8574 import SimPcf8574
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.io_line import IoLine
from pdu_agent.model.readings import BankState, RelayResult, WriteRelays
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import OutletState, SensorKind, SensorStatus
from pdu_agent.store.record_store import RecordStore

pytest.importorskip("RPLCD", reason="RPLCD is not installed")

BUS, BUTTONS, GLASS = "/dev/i2c-1", 0x20, 0x27
BUTTON, DOOR, LAMP, ALARM = 0, 1, 4, 5
DOOR_SENSOR = SensorSettings(1, kind=SensorKind.CONTACT)
DEADLINE_S = 10.0


class Unit:
    """An outlet that is on, with a board of buttons and lamps and an LCD on one bus."""

    def __init__(self, folder: Path) -> None:
        self.chip = SimPcf8574()
        self.glass = SimHd44780(16, 2)
        self.bus = SimI2cBus({BUTTONS: self.chip, GLASS: SimPcf8574(self.glass.on_pins)})
        self.moves: list[dict[int, bool]] = []
        clock = SystemClock()
        self.store = RecordStore(folder / "run", folder / "state", lambda _: None)
        outlets = (OutletSettings(1, relay=RelayRef("main", 0)),)
        core_settings = CoreSettings(
            DeviceSettings(name="rack"), (InletSettings(1),), outlets, sensors=(DOOR_SENSOR,)
        )
        birth = Birth(Record(engine_id=b"x"), True, "boot", "1.0")
        self.runtime = Runtime(core_settings, clock, self.store, birth, self._send)
        self.core = self.runtime.core
        self.runtime.meet(BankState("main", False, (True,)))
        self.runtime.start()
        door = SimpleNamespace(number=1, options=ContactSettings(IoLine("front", DOOR)))
        chosen = SimpleNamespace(
            device=core_settings.device,
            buttons=(ButtonSettings(IoLine("front", BUTTON), 1, hold_s=0.5),),
            leds=(
                LedSettings(IoLine("front", LAMP), 1),
                LedSettings(IoLine("front", ALARM), shows="alarm"),
            ),
            sensors=(door,),
            io=(IoEntry(name="front", driver="pcf8574", options=Pcf8574Settings(BUS, BUTTONS)),),
            displays=(
                DisplayEntry(
                    name="lcd", driver="hd44780", options=Hd44780Settings(BUS, GLASS, 16, 2)
                ),
            ),
        )
        self.panel = Panel(chosen, clock, self._site, self.runtime)  # type: ignore[arg-type]

    def _site(self, name: str) -> Site:
        connections = SimpleNamespace(i2c=lambda _: self.bus)
        return Site(name, "", SystemClock(), lambda _: None, connections)  # type: ignore[arg-type]

    def _send(self, order: object) -> bool:
        assert isinstance(order, WriteRelays)
        self.moves.append(dict(order.closed))
        result = RelayResult("main", order.closed, dict(order.closed))
        self.runtime.deliver_report(result)
        return True

    def press(self, *pins: int) -> None:
        self.chip.ground(sum(1 << pin for pin in pins))

    def is_lit(self, pin: int) -> bool:
        return not self.chip.pins >> pin & 1

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not is_so():  # noqa: ASYNC110  a simulated pin tells nobody
                await asyncio.sleep(0.01)

    def alarms(self) -> list[str]:
        return sorted(alarm.subject for alarm in self.core.snapshot.alarms)

    async def end(self) -> None:
        await self.panel.stop()
        self.runtime.stop()
        self.store.close()


async def session(folder: Path, story: Callable[[Unit], object]) -> None:
    unit = Unit(folder)
    unit.panel.start()
    try:
        await story(unit)  # type: ignore[misc]
    finally:
        await unit.end()
    assert not unit.is_lit(LAMP)
    assert not unit.is_lit(ALARM)


def run(folder: Path, story: Callable[[Unit], object]) -> None:
    asyncio.run(session(folder, story))


def test_held_button_switches_once_and_lamp_and_display_follow(tmp_path: Path):
    async def story(unit: Unit) -> None:
        await unit.until(lambda: unit.is_lit(LAMP))
        await unit.until(lambda: unit.glass.shown() == ["rack", "-- W  -- A"])
        await asyncio.sleep(0.2)
        unit.press(BUTTON)
        await unit.until(lambda: unit.core.snapshot.outlets[0].state is OutletState.OFF)
        await unit.until(lambda: not unit.is_lit(LAMP))
        await asyncio.sleep(0.7)
        assert unit.moves == [{0: False}]
        unit.press()
        assert unit.panel.is_alive()

    run(tmp_path, story)


def test_contact_is_told_when_it_closes_and_is_a_fault_while_its_board_is_gone(tmp_path: Path):
    async def story(unit: Unit) -> None:
        def door():
            sensor = unit.core.snapshot.sensors[0]
            return sensor.status, sensor.value

        await unit.until(lambda: door() == (SensorStatus.OK, 0.0))
        unit.press(DOOR)
        await unit.until(lambda: door() == (SensorStatus.OK, 1.0))
        unit.bus.unplug(BUTTONS)
        await unit.until(lambda: door() == (SensorStatus.FAULT, None))
        unit.bus.plug(BUTTONS, unit.chip)
        await unit.until(lambda: door() == (SensorStatus.OK, 1.0))

    run(tmp_path, story)


def test_lost_board_and_display_are_alarms_of_their_own_and_both_recover(tmp_path: Path):
    async def story(unit: Unit) -> None:
        await unit.until(lambda: unit.is_lit(LAMP))
        unit.bus.faults.stuck = True
        await unit.until(lambda: {"io front", "display lcd"} <= set(unit.alarms()))
        unit.bus.faults.stuck = False
        await unit.until(lambda: unit.alarms() == [])
        await unit.until(lambda: unit.is_lit(LAMP))
        await unit.until(lambda: unit.glass.shown()[0] == "rack")

    run(tmp_path, story)


def test_button_that_is_down_when_its_board_returns_moves_nothing(tmp_path: Path):
    async def story(unit: Unit) -> None:
        await unit.until(lambda: unit.is_lit(LAMP))
        unit.bus.unplug(BUTTONS)
        await unit.until(lambda: "io front" in unit.alarms())
        unit.press(BUTTON)
        unit.bus.plug(BUTTONS, unit.chip)
        await unit.until(lambda: "io front" not in unit.alarms())
        await asyncio.sleep(0.8)
        assert unit.moves == []

    run(tmp_path, story)


def test_display_says_that_the_agent_has_stopped(tmp_path: Path):
    glasses: list[SimHd44780] = []

    async def story(unit: Unit) -> None:
        glasses.append(unit.glass)
        await unit.until(lambda: unit.glass.shown()[0] == "rack")

    run(tmp_path, story)
    assert glasses[0].shown() == ["rack", "stopped"]
