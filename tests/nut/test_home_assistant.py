# SPDX-License-Identifier: Apache-2.0
"""Home Assistant has all it needs, asked as it asks: aionut, a real upsd, and our driver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.core.settings import DeviceSettings, SensorSettings
from pdu_agent.model.commands import ConfigureOutlet, OutletSetting, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement
from pdu_agent.model.snapshot import OutletState, SensorKind
from tests.core.bench import Workbench
from tests.nut import home_assistant
from tests.nut.home_assistant import AMBIENT, STATUS_OF_AMBIENT, STATUS_WORDS, entities, is_on
from tests.nut.served import with_upsd
from tests.nut.unit import Unit, running_unit
from tests.nut.upsd import ADMIN, GUEST, SECRET, Upsd, running_upsd

aionut = pytest.importorskip("aionut")

OUTLETS = 8
METERED = range(1, 7)
DEADLINE_S = 10.0
SENSORS = (
    SensorSettings(1, name="front", kind=SensorKind.TEMPERATURE),
    SensorSettings(2, name="front", kind=SensorKind.HUMIDITY),
)


def make_unit() -> Workbench:
    device = DeviceSettings(serial_number="S-0042", model="OpenPDU-8")
    bench = Workbench(OUTLETS, device=device, sensors=SENSORS, stale_after_s=3600, reboot_s=1)
    point = Electrical(230.0, 0.5, 110.0, 115.0, 10.0, 0.957, 50.0, 1.4, Quality.OK)
    targets = [Target(TargetKind.INLET, 1), *(Target(TargetKind.OUTLET, n) for n in METERED)]
    bench.measure(*(Measurement(target, point, 22.0) for target in targets))
    bench.sense(1, 21.5)
    bench.sense(2, 40.0)
    bench.submit(ConfigureOutlet(3, OutletSetting.NAME, "NAS"))
    return bench


@asynccontextmanager
async def client_of(server: Upsd, user: str) -> AsyncIterator[Any]:
    host, _, port = server.address.rpartition(":")
    client = aionut.AIONUTClient(host, int(port), user, SECRET, 5)
    try:
        yield client
    finally:
        client.shutdown()


async def seen(client: Any) -> home_assistant.Entities:
    alias = next(iter(await client.list_ups()))
    assert alias == "pdu"
    return entities(await client.list_vars(alias), await client.list_commands(alias))


async def until_is_on(client: Any, outlet: int, wanted: bool) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while is_on(await client.list_vars("pdu"), outlet) is not wanted:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)


async def until_state(bench: Workbench, outlet: int, state: OutletState) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while bench.state(outlet) is not state:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)


@pytest.mark.peer
def test_eight_outlets_are_switches_and_what_is_metered_has_sensors(tmp_path: Path) -> None:
    bench = make_unit()

    async def look(server: Upsd) -> None:
        async with client_of(server, ADMIN) as client:
            found = await seen(client)
            assert found.switches == {n: f"Outlet {n}" for n in range(1, 9)} | {3: "NAS"}
            assert found.unique_id == "OpenPDU_OpenPDU-8_S-0042"
            assert found.firmware == "1.0"
            for n in range(1, OUTLETS + 1):
                has = [
                    what for what in home_assistant.UNITS if f"outlet.{n}.{what}" in found.sensors
                ]
                wanted = ["current", "power", "realpower", "desc"] if n in METERED else ["desc"]
                assert has == wanted
            assert found.sensors["outlet.3.realpower"] == "110.0"
            assert found.sensors["input.voltage"] == "230.0"
            assert found.sensors["ambient.temperature"] == "21.5"
            assert found.sensors["ambient.humidity"] == "40.0"
            assert set(found.sensors["ups.status"].split()) <= STATUS_WORDS
            for name in AMBIENT:
                if name.endswith("status"):
                    told = found.sensors.get(f"ambient.{name}", "good")
                    assert told in STATUS_OF_AMBIENT

    with_upsd(tmp_path, bench, Rights.SWITCH, look)


@pytest.mark.peer
def test_its_switches_and_buttons_work(tmp_path: Path) -> None:
    bench = make_unit()

    async def press(server: Upsd) -> None:
        async with client_of(server, ADMIN) as client:
            found = await seen(client)
            assert found.buttons == [f"outlet.{n}.load.cycle" for n in range(1, 9)]
            await client.run_command("pdu", "outlet.3.load.off")
            await until_is_on(client, 3, False)
            await until_state(bench, 3, OutletState.OFF)
            await client.run_command("pdu", "outlet.3.load.on")
            await until_is_on(client, 3, True)
            await until_state(bench, 3, OutletState.ON)
            await client.run_command("pdu", "outlet.4.load.cycle")
            await until_is_on(client, 4, False)
            await until_state(bench, 4, OutletState.ON)
            moves = [(relay, closed) for _, relay, closed in bench.board.moves]
            assert moves == [(2, False), (2, True), (3, False), (3, True)]

    with_upsd(tmp_path, bench, Rights.SWITCH, press)


@pytest.mark.peer
def test_a_unit_that_may_only_be_read_has_sensors_and_no_switches(tmp_path: Path) -> None:
    bench = make_unit()

    async def look(server: Upsd) -> None:
        async with client_of(server, ADMIN) as client:
            found = await seen(client)
            assert found.switches == {}
            assert found.buttons == []
            assert "outlet.3.realpower" in found.sensors
            with pytest.raises(aionut.NUTError):
                await client.run_command("pdu", "outlet.3.load.off")

    with_upsd(tmp_path, bench, Rights.READ, look)
    assert bench.board.moves == []


@pytest.mark.peer
def test_a_user_of_upsd_without_rights_moves_nothing(tmp_path: Path) -> None:
    """LIST CMD tells everybody of them; INSTCMD is refused by upsd."""
    bench = make_unit()

    async def press(server: Upsd) -> None:
        async with client_of(server, GUEST) as client:
            with pytest.raises(aionut.NUTError, match="ACCESS-DENIED"):
                await client.run_command("pdu", "outlet.3.load.off")

    with_upsd(tmp_path, bench, Rights.WRITE, press)
    assert bench.board.moves == []


@pytest.mark.peer
def test_an_agent_of_its_own_is_found_with_its_switches_and_sensors(tmp_path: Path) -> None:
    """`openpdu run` on simulated hardware, with a meter at the inlet and at outlet 1."""

    async def look(server: Upsd, unit: Unit) -> None:
        async with client_of(server, ADMIN) as client:
            found = await seen(client)
            assert found.switches == {n: f"outlet {n}" for n in range(1, OUTLETS + 1)}
            for name in ("outlet.1.current", "outlet.1.realpower", "outlet.1.power"):
                assert float(found.sensors[name]) >= 0
            assert float(found.sensors["input.voltage"]) > 200
            assert "outlet.2.realpower" not in found.sensors
            await client.run_command("pdu", "outlet.2.load.off")
            await until_is_on(client, 2, False)
            await asyncio.to_thread(unit.until, lambda: "2 0" in unit.moves())
            assert [move for move in unit.moves() if move.endswith(" 0")] == ["2 0"]

    nut = "rights: switch"
    with running_upsd(tmp_path / "nut", {"pdu": "openpdu"}) as server:
        folder = tmp_path / "unit"
        with running_unit(folder, server.state_path, nut, OUTLETS) as unit:
            server.until(lambda: "outlet.1.realpower" in server.variables("pdu"))
            asyncio.run(look(server, unit))
