# SPDX-License-Identifier: Apache-2.0
"""UPSes of a real upsd as SNMP shows them, read by NUT's own SNMP driver too."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pdu_agent.mib_impl.names import USUAL_MIBS
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from tests.nut.dummy import DummyUps
from tests.nut.snmp_unit import SnmpUnit, running
from tests.nut.upsd import Upsd, driver, running_upsd
from tests.peers import DAEMON_PATH, require, require_terminals
from tests.snmp.notices import SNMP_TRAP_OID
from tests.snmp.notifying_agent import dotted
from tests.snmp.trap_receiver import TrapReceiver, V1Trap, V2Notification
from tests.system.snmp_client import Name, SnmpClient

pytestmark = pytest.mark.peer

OWN: Name = (*DEFAULT_ARC, 1, 9, 1, 1)
LINES: Name = (*DEFAULT_ARC, 1, 9, 2, 1)
UPS_MIB: Name = (1, 3, 6, 1, 2, 1, 33, 1)
APC: Name = (1, 3, 6, 1, 4, 1, 318, 1, 1, 1)
FLAGS, REACHABLE, CHARGE, RUNTIME, LOAD = 8, 9, 12, 13, 14
WITH_APC = (*USUAL_MIBS, "powernet-ups")
DETAILS = {
    "ups.firmware": "7.3",
    "ups.serial": "S0815",
    "ups.temperature": "31.4",  # what the driver calls that of the battery
    "battery.temperature": "31.4",
    "battery.voltage.nominal": "24",
    "output.frequency": "50.0",
    "output.current": "1.3",
    "ups.realpower": "270",
}


class Rig:
    def __init__(self, ups: DummyUps, server: Upsd, unit: SnmpUnit, client: SnmpClient) -> None:
        self.ups = ups
        self.server = server
        self.unit = unit
        self.client = client

    def own(self, column: int, ups: int = 1) -> int | bytes | None:
        values = self.client.get((*OWN, column, ups))
        return values[0] if values is not None else None

    def await_value(self, name: Name, value: int | bytes | None) -> None:
        """Within 5 s."""
        self.unit.until(lambda: self.client.get(name) == [value], 5.0)


@contextmanager
def rig(
    folder: Path,
    mibs: Sequence[str] = USUAL_MIBS,
    identity: str = "own",
    targets: Sequence[int] = (),
    drivers: Sequence[str] = (),
) -> Iterator[Rig]:
    """A unit that is fed by `rack`, with `hall` beside it whose driver does not run. drivers:
    values of `mibs` of snmp-ups, each a device of that name that reads the unit.
    """
    with ExitStack() as stack:
        ups = DummyUps(folder)
        ups.say(DETAILS)
        sections = {"rack": ups.section, "hall": DummyUps(folder, "hall").section}
        (folder / "nut").mkdir()
        server = stack.enter_context(running_upsd(folder / "nut", sections))
        unit = SnmpUnit(folder / "unit", server, ("rack", "hall"), mibs, identity, targets)
        stack.enter_context(driver(server, "dummy-ups", "rack"))
        client = stack.enter_context(running(unit))
        made = Rig(ups, server, unit, client)
        made.await_value((*OWN, REACHABLE, 1), 1)
        readers = {name: _section(name, unit.port) for name in drivers}
        server.configure({**sections, **readers}, "", "MAXAGE 3\n")
        for name in drivers:
            stack.enter_context(driver(server, "snmp-ups", name))
        if drivers:
            server.stop()
            server.start()
        yield made


def _section(mibs: str, port: int) -> str:
    return (
        f"    driver = snmp-ups\n    port = 127.0.0.1:{port}\n    mibs = {mibs}\n"
        "    community = public\n    snmp_version = v2c\n    pollfreq = 1\n"
    )


def test_both_upses_are_shown_and_a_change_within_five_seconds(tmp_path: Path) -> None:
    with rig(tmp_path) as made:
        assert [made.own(column) for column in (2, 3, 4, 7)] == [
            b"rack",
            b"ACME",
            b"Rack 1500",
            b"1",
        ]
        assert [made.own(column) for column in (FLAGS, CHARGE, RUNTIME, LOAD)] == [
            bytes.fromhex("8200"),
            1000,
            1800,
            230,
        ]
        assert made.client.get((*LINES, 3, 1, 1, 1), (*LINES, 3, 1, 2, 1)) == [230_400, 230_100]
        made.unit.until(lambda: b"driver" in bytes(made.own(10, 2) or b""), 5.0)
        assert made.own(REACHABLE, 2) == 2
        assert [made.own(column, 2) for column in (2, FLAGS, CHARGE)] == [b"hall", b"\0\0", None]
        made.ups.say({"battery.charge": "18.5", "battery.runtime": "179"}, status="OB DISCHRG LB")
        made.await_value((*OWN, FLAGS, 1), bytes.fromhex("6100"))
        assert (made.own(CHARGE), made.own(RUNTIME)) == (185, 179)
        assert made.client.get((*UPS_MIB, 2, 1, 0), (*UPS_MIB, 6, 1, 0)) == [3, 2]
        assert made.client.get((*APC, 1, 1, 1, 0)) == [None]
        made.server.stop()
        made.await_value((*OWN, REACHABLE, 1), 2)
        assert (made.own(FLAGS), made.own(CHARGE)) == (bytes.fromhex("6100"), None)


_CHANGED: Name = (*DEFAULT_ARC, 0, 23)
_ON_BATTERY, _REMOVED = ((*UPS_MIB[:-1], 2, number) for number in (1, 4))
OUTAGE = [_CHANGED, _ON_BATTERY, _CHANGED, _REMOVED]


def _kind(told: V1Trap | V2Notification) -> Name:
    oid = told.values.get(dotted(SNMP_TRAP_OID), "").removeprefix("OID: .")
    return tuple(int(part) for part in oid.split(".") if part)


@pytest.mark.asyncio
async def test_an_outage_is_told_in_the_words_of_both_mibs(tmp_path: Path) -> None:
    require("snmptrapd")
    receiver = TrapReceiver(tmp_path, "authCommunity log public\n")
    await receiver.start()
    try:
        with rig(tmp_path, targets=[receiver.port]) as made:
            made.ups.say({"battery.runtime": "600"}, status="OB DISCHRG")
            made.await_value((*OWN, FLAGS, 1), bytes.fromhex("4100"))
            made.ups.say(status="OL")
            made.await_value((*OWN, FLAGS, 1), b"\x80\0")
            lost, traps, back, _ = told = await receiver.matching(_is_of_rack, len(OUTAGE))
    finally:
        receiver.stop()
    assert [_kind(each) for each in told] == OUTAGE
    text, minutes = dotted((*DEFAULT_ARC, 1, 12, 5, 0)), dotted((*UPS_MIB, 2, 3, 0))
    began = "UPS rack: it is on battery, charge 100 %, enough for 600 s"
    assert lost.values[text] == f'STRING: "{began}"'
    assert traps.values[minutes] == "INTEGER: 10"
    assert back.values[text] == 'STRING: "UPS rack: mains is back"'


def _is_of_rack(told: V1Trap | V2Notification) -> bool:
    """One of an outage; that it was reached, and what becomes of the other UPS, is told as well."""
    words = " ".join(told.values.values())
    return _kind(told) in OUTAGE and "reached" not in words and "6.3.20" not in words


SAME = {
    "ietf": {
        **{"ups.mfr": str, "ups.model": str, "ups.firmware": str, "battery.charge": float},
        **{"battery.runtime": float, "input.voltage": float, "input.frequency": float},
        **{"output.voltage": float, "ups.load": float, "battery.voltage": float},
    },
    "apcc": {
        **{"ups.model": str, "ups.firmware": str, "ups.serial": str, "battery.charge": float},
        **{"battery.runtime": float, "input.voltage": float, "input.frequency": float},
        **{"output.voltage": float, "output.current": float, "ups.load": float},
        **{"battery.voltage": float, "ups.temperature": float},
    },
}
TOLERANCES = {
    "ietf": {"battery.runtime": 60.0, "input.voltage": 0.5, "output.voltage": 0.5},
    "apcc": {"battery.runtime": 60.0},
}


@pytest.mark.parametrize("mibs", ["ietf", "apcc"])
def test_the_snmp_driver_of_nut_sees_the_ups_that_is_behind_the_unit(
    tmp_path: Path, mibs: str
) -> None:
    require("snmp-ups", "dummy-ups")
    with rig(tmp_path, WITH_APC, drivers=[mibs]) as made:
        server = made.server
        for name in ("rack", mibs):
            server.until(lambda n=name: "OL" in server.upsc(n, "ups.status").split())  # type: ignore[misc]
        there, here = server.variables("rack"), server.variables(mibs)
        for name, kind in SAME[mibs].items():
            if kind is str:
                assert here[name] == there[name], name
            else:
                allowed = TOLERANCES[mibs].get(name, 0.05)
                assert abs(float(here[name]) - float(there[name])) <= allowed, (name, here[name])
        made.ups.say({"battery.charge": "12"}, status="OB DISCHRG LB")
        server.until(lambda: {"OB", "LB"} <= set(server.upsc(mibs, "ups.status").split()))
        server.until(lambda: float(server.upsc(mibs, "battery.charge")) == 12.0)


@pytest.mark.parametrize("identity", ["apc-rpdu", "apc-rpdu2"])
def test_with_the_groups_of_a_ups_tools_still_find_the_pdu(tmp_path: Path, identity: str) -> None:
    require("snmp-ups", "dummy-ups", "fence_apc_snmp")
    require_terminals()
    with rig(tmp_path, WITH_APC, identity, drivers=["auto", "apc_pdu"]) as made:
        assert made.client.get((*APC, 1, 1, 1, 0)) == [b"Rack 1500"]
        for name in ("auto", "apc_pdu"):
            made.server.until(lambda n=name: made.server.upsc(n, "outlet.count") == "8")  # type: ignore[misc]
            assert made.server.upsc(name, "device.model") == "OpenPDU-8"
        fence = f"fence_apc_snmp --ip=127.0.0.1 --ipport={made.unit.port} --community=private"
        done = subprocess.run(
            ["sh", "-c", f"{fence} --plug=3 --action=status"],
            env={"PATH": DAEMON_PATH, "MIBS": "", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Status: O" in done.stdout, done.stdout + done.stderr
        assert all(move.endswith(" 1") for move in made.unit.moves())  # its start
