# SPDX-License-Identifier: Apache-2.0
"""The board that the agent runs on, as its operating system sees it at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class InterfaceKind(Enum):
    ETHERNET = "ethernet"
    LOOPBACK = "loopback"
    OTHER = "other"


class LinkState(Enum):
    """operstate of the kernel."""

    UP = "up"
    DOWN = "down"
    TESTING = "testing"
    UNKNOWN = "unknown"
    DORMANT = "dormant"
    NOT_PRESENT = "notpresent"
    LOWER_LAYER_DOWN = "lowerlayerdown"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of one direction since the interface came to be. packets: all of them, also multicasts."""

    octets: int
    packets: int
    discards: int
    errors: int


@dataclass(frozen=True, slots=True)
class Interface:
    """index: the kernel's ifindex. speed_bps: None where the kernel does not know it.
    multicasts: received ones.
    """

    index: int
    name: str
    kind: InterfaceKind
    mtu_octets: int
    speed_bps: int | None
    hardware_address: bytes
    is_enabled: bool
    link: LinkState
    is_promiscuous: bool
    received: Traffic
    sent: Traffic
    multicasts: int


class StorageKind(Enum):
    MEMORY = "memory"
    SWAP = "swap"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Storage:
    """Memory, swap, or the file system that holds the agent's state."""

    index: int
    kind: StorageKind
    description: str
    unit_octets: int
    size_octets: int
    used_octets: int


@dataclass(frozen=True, slots=True)
class HostStatus:
    """processor_loads_pct: one per processor since the look before, empty at the first.

    uptime_s: since the board started.
    """

    uptime_s: float
    wall_s: float
    process_count: int
    processor_loads_pct: tuple[float, ...]
    memory_octets: int
    storages: tuple[Storage, ...]
    interfaces: tuple[Interface, ...]
