# SPDX-License-Identifier: Apache-2.0
"""The board as /proc and /sys show it: known answers from made folders, then the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.hw.host import HostReader
from pdu_agent.model.host import InterfaceKind, LinkState, StorageKind, Traffic

STAT = """cpu  10 0 10 160 20 0 0 0 0 0
cpu0 5 0 5 80 10 0 0 0 0 0
cpu1 5 0 5 80 10 0 0 0 0 0
intr 12345
"""
LATER = """cpu  10 0 10 160 20 0 0 0 0 0
cpu0 30 0 5 155 10 0 0 0 0 0
cpu1 5 0 5 180 10 0 0 0 0 0
"""
MEMORY = "MemTotal: 240000 kB\nMemFree: 50000 kB\nMemAvailable: 140000 kB\nHugePages_Total: 0\n"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    proc = tmp_path / "proc"
    for process in ("1", "77"):
        (proc / process).mkdir(parents=True)
    write(proc / "uptime", "1234.56 2000.00")
    write(proc / "stat", STAT)
    write(proc / "meminfo", MEMORY)
    interface(tmp_path / "net/eth0", kind=1, index=2, address="dc:a6:32:01:02:03", speed="100")
    interface(tmp_path / "net/lo", kind=772, index=1, address="00:00:00:00:00:00", speed=None)
    return tmp_path


def interface(folder: Path, *, kind: int, index: int, address: str, speed: str | None) -> None:
    values = {"type": kind, "ifindex": index, "flags": "0x1103", "operstate": "up", "mtu": 1500}
    for name, value in values.items():
        write(folder / name, str(value))
    write(folder / "address", address)
    if speed is not None:
        write(folder / "speed", speed)
    for way, base in (("rx", 1000), ("tx", 2000)):
        for number, name in enumerate(("bytes", "packets", "dropped", "errors")):
            write(folder / "statistics" / f"{way}_{name}", str(base + number))
    write(folder / "statistics/multicast", "7")


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="ascii")


def reader(board: Path) -> HostReader:
    return HostReader(board, board / "proc", board / "net")


def test_the_files_become_values(board: Path) -> None:
    status = reader(board).read()
    assert (status.uptime_s, status.process_count) == (1234.56, 2)
    assert status.memory_octets == 240_000 * 1024
    memory = status.storages[0]
    assert (memory.kind, memory.used_octets) == (StorageKind.MEMORY, 100_000 * 1024)
    assert [storage.kind for storage in status.storages] == [StorageKind.MEMORY, StorageKind.DISK]


def test_an_interface_has_its_address_speed_and_traffic(board: Path) -> None:
    eth0, lo = reader(board).read().interfaces
    assert (eth0.name, eth0.index, eth0.kind) == ("eth0", 2, InterfaceKind.ETHERNET)
    assert eth0.hardware_address == bytes.fromhex("dca632010203")
    assert (eth0.speed_bps, eth0.mtu_octets, eth0.link) == (100_000_000, 1500, LinkState.UP)
    assert eth0.is_enabled
    assert eth0.is_promiscuous
    assert eth0.received == Traffic(1000, 1001, 1002, 1003)
    assert eth0.sent == Traffic(2000, 2001, 2002, 2003)
    assert (lo.kind, lo.speed_bps) == (InterfaceKind.LOOPBACK, None)


def test_a_processor_load_is_of_the_time_between_two_looks(board: Path) -> None:
    host = reader(board)
    assert host.read().processor_loads_pct == ()
    write(board / "proc/stat", LATER)
    assert host.read().processor_loads_pct == (25.0, 0.0)


def test_no_time_between_two_looks_is_no_load(board: Path) -> None:
    host = reader(board)
    host.read()
    assert host.read().processor_loads_pct == (0.0, 0.0)


def test_an_interface_that_goes_away_meanwhile_is_left_out(board: Path) -> None:
    (board / "net/eth0/statistics/rx_bytes").unlink()
    assert [each.name for each in reader(board).read().interfaces] == ["lo"]


def test_a_state_of_the_link_that_nobody_knows_leaves_out_that_interface_only(board: Path) -> None:
    write(board / "net/eth0/operstate", "sideways")
    assert [each.name for each in reader(board).read().interfaces] == ["lo"]


def test_a_machine_without_network_has_no_interfaces(board: Path) -> None:
    status = HostReader(board, board / "proc", board / "nothing").read()
    assert status.interfaces == ()


def test_swap_is_shown_where_there_is_some(board: Path) -> None:
    write(board / "proc/meminfo", MEMORY + "SwapTotal: 1000 kB\nSwapFree: 400 kB")
    storages = reader(board).read().storages
    swap = next(each for each in storages if each.kind is StorageKind.SWAP)
    assert (swap.size_octets, swap.used_octets) == (1000 * 1024, 600 * 1024)
    assert len({each.index for each in storages}) == 3


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    status = HostReader(tmp_path).read()
    assert status.uptime_s > 0
    assert status.process_count > 0
    memory, disk = status.storages[0], status.storages[-1]
    assert 0 < memory.used_octets < memory.size_octets
    assert 0 < disk.used_octets <= disk.size_octets
