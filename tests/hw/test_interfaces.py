# SPDX-License-Identifier: Apache-2.0
"""Network interfaces as the kernel shows them, odd ones too: made folders, then the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.hw.interfaces import read_interfaces
from pdu_agent.model.host import Interface, InterfaceKind, LinkState, Traffic

HEADINGS = """Inter-|   Receive                              |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo
"""
COUNTED = "1000 1001 1003 1002 0 0 0 7 2000 2001 2003 2002 0 0 0 0"


class Machine:
    """Folders like /sys/class/net, and a /proc/net/dev."""

    def __init__(self, folder: Path) -> None:
        self.net = folder / "net"
        self.dev = folder / "dev"
        self.net.mkdir()
        self.dev.write_text(HEADINGS, encoding="ascii")

    def add(self, name: str, counted: str = COUNTED, **files: object) -> None:
        """An Ethernet interface with a plug, and what is different about it: None for no file."""
        values: dict[str, object] = {
            "type": 1,
            "ifindex": 2,
            "flags": "0x1003",
            "operstate": "up",
            "mtu": 1500,
            "address": "dc:a6:32:01:02:03",
            "speed": 100,
            "carrier": 1,
            "ifalias": "",
            "device": "",
            "uevent": f"INTERFACE={name}",
            **files,
        }
        folder = self.net / name
        folder.mkdir()
        for file, value in values.items():
            if value is not None:
                (folder / file).write_text(f"{value}\n", encoding="utf-8")
        with self.dev.open("a", encoding="utf-8") as dev:
            dev.write(f"{name:>6}: {counted}\n")

    def read(self) -> tuple[Interface, ...]:
        return tuple(read_interfaces(self.net, self.dev))

    def only(self) -> Interface:
        (interface,) = self.read()
        return interface


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_interface_has_its_address_speed_and_traffic(machine: Machine) -> None:
    machine.add("eth0", flags="0x1103", ifalias="rack switch 4")
    eth0 = machine.only()
    assert (eth0.name, eth0.index, eth0.kind) == ("eth0", 2, InterfaceKind.ETHERNET)
    assert eth0.alias == "rack switch 4"
    assert eth0.hardware_address == bytes.fromhex("dca632010203")
    assert (eth0.speed_bps, eth0.mtu_octets, eth0.link) == (100_000_000, 1500, LinkState.UP)
    assert (eth0.is_enabled, eth0.is_promiscuous, eth0.has_connector) == (True, True, True)
    assert eth0.received == Traffic(1000, 1001, 1002, 1003)
    assert eth0.sent == Traffic(2000, 2001, 2002, 2003)
    assert eth0.multicasts == 7


@pytest.mark.parametrize(
    ("number", "devtype", "kind"),
    [
        (1, "wlan", InterfaceKind.WIRELESS),
        (1, "vlan", InterfaceKind.VLAN),
        (1, "bond", InterfaceKind.AGGREGATE),
        (1, "bridge", InterfaceKind.BRIDGE),
        (1, "gadget", InterfaceKind.ETHERNET),
        (512, "ppp", InterfaceKind.PPP),
        (776, "", InterfaceKind.TUNNEL),
        (65534, "wireguard", InterfaceKind.OTHER),
    ],
)
def test_what_looks_like_ethernet_may_be_something_else(
    machine: Machine, number: int, devtype: str, kind: InterfaceKind
) -> None:
    machine.add("x0", type=number, uevent=f"DEVTYPE={devtype}\nINTERFACE=x0\nIFINDEX=2")
    found = machine.only()
    assert found.kind is kind
    assert found.has_connector is (kind is InterfaceKind.ETHERNET)


def test_what_no_device_stands_behind_has_no_connector(machine: Machine) -> None:
    machine.add("veth0", device=None)
    assert (machine.only().kind, machine.only().has_connector) == (InterfaceKind.ETHERNET, False)


def test_the_loopback_has_no_address_and_is_up(machine: Machine) -> None:
    machine.add("lo", type=772, address="00:00:00:00:00:00", speed=None, operstate="unknown")
    lo = machine.only()
    assert (lo.kind, lo.hardware_address, lo.speed_bps) == (InterfaceKind.LOOPBACK, b"", None)
    assert lo.link is LinkState.UP


@pytest.mark.parametrize(
    ("operstate", "carrier", "link"),
    [
        ("unknown", 1, LinkState.UP),
        ("unknown", 0, LinkState.UNKNOWN),
        ("unknown", None, LinkState.UNKNOWN),
        ("down", 1, LinkState.DOWN),
        ("lowerlayerdown", 0, LinkState.LOWER_LAYER_DOWN),
        ("notpresent", 0, LinkState.NOT_PRESENT),
    ],
)
def test_a_driver_that_tells_no_state_may_have_a_carrier(
    machine: Machine, operstate: str, carrier: int | None, link: LinkState
) -> None:
    machine.add("usb0", operstate=operstate, carrier=carrier)
    assert machine.only().link is link


@pytest.mark.parametrize("speed", [-1, 0, "", None])
def test_a_speed_that_nobody_knows_is_none(machine: Machine, speed: object) -> None:
    machine.add("eth0", speed=speed)
    assert machine.only().speed_bps is None


@pytest.mark.parametrize("address", ["", "10.0.0.1", "00:00:00:00"])
def test_what_is_no_hardware_address_is_none(machine: Machine, address: str) -> None:
    machine.add("tun0", address=address)
    assert machine.only().hardware_address == b""


def test_a_long_address_is_whole(machine: Machine) -> None:
    machine.add("ib0", type=32, address=":".join(["a0"] * 20))
    assert machine.only().hardware_address == b"\xa0" * 20


def test_names_need_not_be_ascii_nor_short(machine: Machine) -> None:
    machine.add("ööööööö", ifindex=2**31 - 1, ifalias="Küche")
    found = machine.only()
    assert (found.name, found.index, found.alias) == ("ööööööö", 2**31 - 1, "Küche")


@pytest.mark.parametrize(
    ("file", "value"), [("operstate", "sideways"), ("flags", None), ("mtu", "?"), ("type", "")]
)
def test_what_nobody_understands_leaves_out_that_interface_only(
    machine: Machine, file: str, value: object
) -> None:
    machine.add("eth0", **{file: value})
    machine.add("eth1")
    (machine.net / "bonding_masters").write_text("bond0\n", encoding="ascii")
    assert [each.name for each in machine.read()] == ["eth1"]


def test_an_interface_that_went_away_meanwhile_is_left_out(machine: Machine) -> None:
    machine.add("eth0")
    machine.add("eth1")
    machine.dev.write_text(f"{HEADINGS}  eth1: {COUNTED}\n", encoding="ascii")
    assert [each.name for each in machine.read()] == ["eth1"]


def test_a_container_without_a_network_has_no_interfaces(tmp_path: Path, machine: Machine) -> None:
    assert list(read_interfaces(tmp_path / "nothing", machine.dev)) == []
    machine.add("eth0")
    assert list(read_interfaces(machine.net, tmp_path / "nothing")) == []


def test_this_machine_can_be_read() -> None:
    found = tuple(read_interfaces(Path("/sys/class/net"), Path("/proc/net/dev")))
    loopbacks = [each for each in found if each.kind is InterfaceKind.LOOPBACK]
    assert all(each.mtu_octets > 0 for each in loopbacks)
    assert len({each.index for each in found}) == len(found)
