# SPDX-License-Identifier: Apache-2.0
"""The board that the agent runs on, as its operating system sees it at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class InterfaceKind(Enum):
    ETHERNET = "ethernet"
    WIRELESS = "wireless"
    VLAN = "vlan"
    AGGREGATE = "aggregate"
    BRIDGE = "bridge"
    PPP = "ppp"
    TUNNEL = "tunnel"
    LOOPBACK = "loopback"
    OTHER = "other"


class LinkState(Enum):
    """operstate of the kernel. UP also where that is unknown and there is a carrier."""

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
    """index: the kernel's ifindex. alias: what an administrator calls it, empty without one.
    speed_bps: None where the kernel does not know it. hardware_address: empty for none.
    has_connector: a cable can be plugged in. multicasts: received ones, all of the counters
    being of the same instant.
    """

    index: int
    name: str
    alias: str
    kind: InterfaceKind
    mtu_octets: int
    speed_bps: int | None
    hardware_address: bytes
    has_connector: bool
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
class OwnProcess:
    """The agent itself. cpu_pct: of one processor, over the last minute or since the first look;
    None at that one. memory_octets: resident.
    """

    cpu_pct: float | None
    memory_octets: int
    threads: int
    open_files: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Something in the agent that waits for a slower part of it. limit: where it is full."""

    name: str
    depth: int
    limit: int


@dataclass(frozen=True, slots=True)
class HostStatus:
    """processor_loads_pct: of each processor, over the last minute or since the first look;
    empty at that one.

    uptime_s: since the board started. load_average: processes that ran or wanted to, mean of the
    last minute. temperature_c: of the hottest sensor of the board, None without one.
    """

    uptime_s: float
    process_count: int
    processor_loads_pct: tuple[float, ...]
    memory_octets: int
    storages: tuple[Storage, ...]
    interfaces: tuple[Interface, ...]
    load_average: float | None = None
    temperature_c: float | None = None
    agent: OwnProcess | None = None
    queues: tuple[Queue, ...] = ()

    def storage(self, kind: StorageKind) -> Storage | None:
        """The first of this kind."""
        return next((each for each in self.storages if each.kind is kind), None)
