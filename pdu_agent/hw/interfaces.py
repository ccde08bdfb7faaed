# SPDX-License-Identifier: Apache-2.0
"""The network interfaces of the board: /sys/class/net, and /proc/net/dev for what they count.

The kernel's Documentation/ABI/testing/sysfs-class-net and proc_pid_net(5) name the files.
All counters of an interface stand in one line and are of one instant: the packets that are
no multicasts are a difference, which must not go backwards.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pdu_agent.model.host import Interface, InterfaceKind, LinkState, Traffic

_UP, _PROMISCUOUS = 0x1, 0x100  # IFF_UP, IFF_PROMISC of netdevice(7)
# ARPHRD_ETHER, _PPP, _TUNNEL, _TUNNEL6, _LOOPBACK, _SIT, _IPGRE, _IP6GRE
_KINDS = {
    1: InterfaceKind.ETHERNET,
    512: InterfaceKind.PPP,
    768: InterfaceKind.TUNNEL,
    769: InterfaceKind.TUNNEL,
    772: InterfaceKind.LOOPBACK,
    776: InterfaceKind.TUNNEL,
    778: InterfaceKind.TUNNEL,
    823: InterfaceKind.TUNNEL,
}
# What looks like Ethernet to the kernel and is something else: DEVTYPE of uevent.
_KINDS_OF_ETHERNET = {
    "wlan": InterfaceKind.WIRELESS,
    "vlan": InterfaceKind.VLAN,
    "bond": InterfaceKind.AGGREGATE,
    "bridge": InterfaceKind.BRIDGE,
}
_ADDRESS = re.compile(r"(?:[0-9a-f]{2}:)*[0-9a-f]{2}")
_MEGA = 1_000_000

Counters = tuple[Traffic, Traffic, int]
"""Received, sent, and the multicasts among the received ones."""


def read_interfaces(net: Path, counters: Path) -> Iterator[Interface]:
    """net: /sys/class/net. counters: /proc/net/dev. Nothing where there are none of them; one
    that goes away meanwhile, or that has values nobody knows, is left out.
    """
    if not net.is_dir():
        return
    counted = _counted(counters)
    for folder in sorted(net.iterdir()):
        with suppress(OSError, ValueError, KeyError):
            yield _interface(folder, *counted[folder.name])


def _counted(file: Path) -> Mapping[str, Counters]:
    found = {}
    with suppress(FileNotFoundError):
        for line in _text(file).splitlines()[2:]:
            name, _, numbers = line.partition(":")
            found[name.strip()] = _counters([int(number) for number in numbers.split()])
    return found


def _counters(numbers: list[int]) -> Counters:
    """Of the sixteen columns: octets, packets, errors and drops of both ways, multicasts."""
    octets, packets, errors, drops = numbers[:4]
    received = Traffic(octets, packets, drops, errors)
    octets, packets, errors, drops = numbers[8:12]
    return received, Traffic(octets, packets, drops, errors), numbers[7]


def _interface(folder: Path, received: Traffic, sent: Traffic, multicasts: int) -> Interface:
    flags = int(_text(folder / "flags"), 16)
    kind = _kind(folder)
    return Interface(
        index=int(_text(folder / "ifindex")),
        name=folder.name,
        alias=_optional(folder / "ifalias"),
        kind=kind,
        mtu_octets=int(_text(folder / "mtu")),
        speed_bps=_speed_bps(folder),
        hardware_address=_octets(_text(folder / "address")),
        has_connector=kind is InterfaceKind.ETHERNET and (folder / "device").exists(),
        is_enabled=bool(flags & _UP),
        link=_link(folder),
        is_promiscuous=bool(flags & _PROMISCUOUS),
        received=received,
        sent=sent,
        multicasts=multicasts,
    )


def _kind(folder: Path) -> InterfaceKind:
    kind = _KINDS.get(int(_text(folder / "type")), InterfaceKind.OTHER)
    if kind is InterfaceKind.ETHERNET:
        _, _, named = _optional(folder / "uevent").partition("DEVTYPE=")
        return _KINDS_OF_ETHERNET.get(named.partition("\n")[0], kind)
    return kind


def _link(folder: Path) -> LinkState:
    """Drivers that never tell their state (loopback, tunnels, some on USB) have a carrier."""
    link = LinkState(_text(folder / "operstate"))
    if link is LinkState.UNKNOWN and _optional(folder / "carrier") == "1":
        return LinkState.UP
    return link


def _speed_bps(folder: Path) -> int | None:
    """None for interfaces without a speed: reading it fails there, or says -1."""
    text = _optional(folder / "speed")
    megabits = int(text) if text else 0
    return megabits * _MEGA if megabits > 0 else None


def _octets(address: str) -> bytes:
    """Of an interface without an address, such as the loopback with its zeros: none."""
    found = bytes.fromhex(address.replace(":", "")) if _ADDRESS.fullmatch(address) else b""
    return found if any(found) else b""


def _optional(file: Path) -> str:
    """Empty for a file that is not there or cannot be read in this state of the interface."""
    with suppress(OSError):
        return _text(file)
    return ""


def _text(file: Path) -> str:
    """The file names in it are those that the file system has."""
    return os.fsdecode(file.read_bytes()).strip()
