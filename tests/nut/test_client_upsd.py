# SPDX-License-Identifier: Apache-2.0
"""UPSes of a real upsd: values, TLS, login, restarts; other clients of it see the same."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.nut.client.reader import UpsReader
from pdu_agent.nut.settings import Tls, UpsSettings
from tests.nut import certificates
from tests.nut.dummy import DummyUps
from tests.nut.upsd import ADMIN, GUEST, SECRET, Upsd, driver, running_upsd
from tests.peers import knows_localhost

pytestmark = pytest.mark.peer


class Rig:
    def __init__(self) -> None:
        self.rows: tuple[Ups, ...] = ()
        self.heard: list[tuple[Ups, ...]] = []
        self.reader = UpsReader(self._take, asyncio.get_running_loop().time)

    def _take(self, rows: tuple[Ups, ...]) -> None:
        self.rows = rows
        self.heard.append(rows)

    @property
    def row(self) -> Ups:
        return self.rows[0]

    async def until(self, condition: Callable[[], bool], limit_s: float = 20.0) -> float:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        while not condition():
            await asyncio.sleep(0.02)
            assert loop.time() < begin_s + limit_s, self.rows
        return loop.time() - begin_s


def settings(server: Upsd, address: str = "", **more: object) -> UpsSettings:
    values: dict[str, object] = {"poll_s": 0.5, "stale_after_s": 1.0, **more}
    return UpsSettings("rack", address or server.address, **values)  # type: ignore[arg-type]


@asynccontextmanager
async def reading(*upses: UpsSettings) -> AsyncIterator[Rig]:
    rig = Rig()
    rig.reader.read(upses)
    try:
        yield rig
    finally:
        await rig.reader.stop()


def test_values_follow_the_file_and_a_driver_that_is_killed_is_told(tmp_path: Path) -> None:
    ups = DummyUps(tmp_path)

    async def run(server: Upsd) -> None:
        async with reading(settings(server)) as rig:
            with driver(server, "dummy-ups", "rack"):
                await rig.until(lambda: rig.row.is_reachable)
                assert (rig.row.manufacturer, rig.row.model) == ("ACME", "Rack 1500")
                assert rig.row.flags == {UpsFlag.ON_LINE, UpsFlag.CHARGING}
                assert rig.row.inputs[0].voltage_v == 230.4
                assert rig.row.variables == server.variables("rack")
                ups.say({"battery.charge": "57", "battery.runtime": "660"}, status="OB DISCHRG LB")
                await rig.until(lambda: UpsFlag.LOW_BATTERY in rig.row.flags, 5.0)
                assert (rig.row.charge_pct, rig.row.runtime_s) == (57.0, 660.0)
            await rig.until(lambda: not rig.row.is_reachable)
            assert "its driver" in rig.row.trouble
            assert UpsFlag.ON_BATTERY in rig.row.flags

    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        asyncio.run(run(server))


def test_a_ups_that_is_not_there(tmp_path: Path) -> None:
    ups = DummyUps(tmp_path)

    async def run(server: Upsd) -> None:
        async with reading(settings(server, ups="rakc")) as rig:
            await rig.until(lambda: "no UPS of that name" in rig.row.trouble)

    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        asyncio.run(run(server))


def test_upsd_goes_and_comes_back(tmp_path: Path) -> None:
    ups = DummyUps(tmp_path)

    async def run(server: Upsd) -> None:
        with driver(server, "dummy-ups", "rack"):
            async with reading(settings(server)) as rig:
                await rig.until(lambda: rig.row.is_reachable)
                ups.say(status="OB DISCHRG")
                await rig.until(lambda: UpsFlag.ON_BATTERY in rig.row.flags)
                since_s = rig.row.since_s[UpsFlag.ON_BATTERY]
                await asyncio.to_thread(server.stop)
                await rig.until(lambda: not rig.row.is_reachable)
                await rig.until(lambda: "is upsd started" in rig.row.trouble)  # at the next try
                await asyncio.to_thread(server.start)
                await rig.until(lambda: rig.row.is_reachable)
                assert rig.row.since_s[UpsFlag.ON_BATTERY] == since_s
        assert all(rows[0].flags for rows in rig.heard[rig.heard.index((rig.row,)) :])

    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        asyncio.run(run(server))


@pytest.mark.parametrize(
    ("user", "secret", "text"),
    [
        (ADMIN, SECRET, ""),
        (ADMIN, "wrong", "refuses the login of admin"),
        (GUEST, SECRET, "upsmon secondary"),
        ("nobody", SECRET, "refuses the login of nobody"),
    ],
)
def test_the_login(tmp_path: Path, user: str, secret: str, text: str) -> None:
    ups = DummyUps(tmp_path)
    file = tmp_path / "ups.secret"
    file.write_text(f"{secret}\n", encoding="utf-8")

    async def run(server: Upsd) -> None:
        with driver(server, "dummy-ups", "rack"):
            async with reading(settings(server, user=user, secret_file=str(file))) as rig:
                if text:
                    await rig.until(lambda: text in rig.row.trouble)
                    assert secret not in rig.row.trouble.replace(str(file), "")
                else:
                    await rig.until(lambda: rig.row.is_reachable)

    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        asyncio.run(run(server))


def test_tls_is_proven_or_refused(tmp_path: Path) -> None:
    ups = DummyUps(tmp_path)
    ours, other = certificates.authority(tmp_path), certificates.authority(tmp_path, "other")
    conf = "MAXAGE 3\n" + certificates.database(tmp_path, ours, "127.0.0.1")

    async def run(server: Upsd) -> None:
        proven: dict[str, Any] = {"tls": Tls.VERIFIED, "ca_file": str(ours)}
        with driver(server, "dummy-ups", "rack"):
            async with reading(settings(server, **proven)) as rig:
                await rig.until(lambda: rig.row.is_reachable)
                assert rig.row.charge_pct == 100.0
            async with reading(settings(server, tls=Tls.IF_OFFERED)) as rig:
                await rig.until(lambda: rig.row.is_reachable)
            async with reading(settings(server, tls=Tls.VERIFIED, ca_file=str(other))) as rig:
                await rig.until(lambda: "is not trusted" in rig.row.trouble)
                assert "ca_file" in rig.row.trouble
            async with reading(settings(server, tls=Tls.VERIFIED)) as rig:
                await rig.until(lambda: "is not trusted" in rig.row.trouble)
            async with reading(settings(server, tls=Tls.VERIFIED, ca_file="/nowhere")) as rig:
                await rig.until(lambda: "/nowhere cannot be used" in rig.row.trouble)
            if knows_localhost():
                port = server.address.rpartition(":")[2]
                elsewhere = settings(server, f"localhost:{port}", **proven)
                async with reading(elsewhere) as rig:
                    await rig.until(lambda: "a name that it was made for" in rig.row.trouble)

    with running_upsd(tmp_path / "nut", {"rack": ups.section}, conf=conf) as server:
        asyncio.run(run(server))
        assert "SSL handshake done successfully" in server.log.read_text("utf-8", "replace")


def test_tls_that_is_not_offered(tmp_path: Path) -> None:
    ups = DummyUps(tmp_path)

    async def run(server: Upsd) -> None:
        with driver(server, "dummy-ups", "rack"):
            async with reading(settings(server, tls=Tls.VERIFIED)) as rig:
                await rig.until(lambda: "offers no TLS" in rig.row.trouble)
            async with reading(settings(server, tls=Tls.IF_OFFERED)) as rig:
                await rig.until(lambda: rig.row.is_reachable)

    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        asyncio.run(run(server))


_NUT2 = """
import json, sys
from nut2 import PyNUTClient
print(json.dumps(PyNUTClient(host=sys.argv[1], port=int(sys.argv[2])).list_vars("rack")))
"""


def test_other_clients_see_the_same(tmp_path: Path) -> None:
    aionut = pytest.importorskip("aionut")
    ups = DummyUps(tmp_path)

    async def run(server: Upsd) -> None:
        host, _, port = server.address.rpartition(":")
        with driver(server, "dummy-ups", "rack"):
            async with reading(settings(server)) as rig:
                await rig.until(lambda: rig.row.is_reachable)
                client = aionut.AIONUTClient(host=host, port=int(port))
                try:
                    assert await client.list_vars("rack") == rig.row.variables
                finally:
                    client.shutdown()
                if find_spec("nut2") is not None:  # it ends with Python 3.12
                    told = await asyncio.to_thread(
                        subprocess.run,
                        [sys.executable, "-W", "ignore", "-c", _NUT2, host, port],
                        check=True,
                        capture_output=True,
                        timeout=20,
                    )
                    assert json.loads(told.stdout) == rig.row.variables

    with running_upsd(tmp_path / "nut", {"rack": ups.section}) as server:
        asyncio.run(run(server))
