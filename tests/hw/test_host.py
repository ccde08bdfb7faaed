# SPDX-License-Identifier: Apache-2.0
"""The board as /proc shows it: known answers from made folders, then the real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pdu_agent.hw.host import HostReader
from pdu_agent.model.host import OwnProcess, StorageKind

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
    write(proc / "loadavg", "0.42 0.30 0.10 2/345 6789")
    own_process(proc, ticks=0)
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="ascii")


def own_process(proc: Path, ticks: int) -> None:
    """The agent under a name that looks like more fields; it has used so many ticks."""
    before = "S 1 1 1 0 -1 4194304 100 0 0 0"
    times = f"{ticks - ticks // 4} {ticks // 4} 0 0 20 0 7 0 999 123456789 2500"
    write(proc / "self/stat", f"77 (open pdu) 5) {before} {times} 18446744073709551615 1 1")
    for number in range(3):
        write(proc / f"self/fd/{number}", "")


def reader(board: Path) -> HostReader:
    return HostReader(board, board / "proc", board / "net", board / "thermal")


def test_the_files_become_values(board: Path) -> None:
    status = reader(board).read()
    assert (status.uptime_s, status.process_count) == (1234.56, 2)
    assert status.memory_octets == 240_000 * 1024
    memory = status.storages[0]
    assert (memory.kind, memory.used_octets) == (StorageKind.MEMORY, 100_000 * 1024)
    assert [storage.kind for storage in status.storages] == [StorageKind.MEMORY, StorageKind.DISK]


def test_a_processor_load_is_of_the_time_between_two_looks(board: Path) -> None:
    host = reader(board)
    assert host.read().processor_loads_pct == ()
    write(board / "proc/stat", LATER)
    assert host.read().processor_loads_pct == (25.0, 0.0)


def test_no_time_between_two_looks_is_no_load(board: Path) -> None:
    host = reader(board)
    host.read()
    assert host.read().processor_loads_pct == (0.0, 0.0)


def test_a_processor_load_is_of_the_last_minute(board: Path) -> None:
    host = reader(board)
    for second, busy in ((0, 0), (5, 500), (35, 500), (65, 500), (70, 500)):
        write(board / "proc/uptime", f"{second} 0")
        write(board / "proc/stat", f"cpu0 {busy} 0 0 {second * 100 - busy} 0 0 0 0 0 0")
        status = host.read()
        if second == 65:
            assert status.processor_loads_pct == (0.0,)
    assert status.processor_loads_pct == (0.0,)


def test_a_busy_minute_is_not_forgotten_at_the_next_look(board: Path) -> None:
    host = reader(board)
    for second, busy in ((0, 0), (30, 3000), (60, 3000)):
        write(board / "proc/uptime", f"{second} 0")
        write(board / "proc/stat", f"cpu0 {busy} 0 0 {second * 100 - busy} 0 0 0 0 0 0")
        status = host.read()
    assert status.processor_loads_pct == (50.0,)


def test_another_number_of_processors_starts_anew(board: Path) -> None:
    host = reader(board)
    host.read()
    write(board / "proc/stat", "cpu0 5 0 5 80 10 0 0 0 0 0")
    assert host.read().processor_loads_pct == ()
    assert host.read().processor_loads_pct == (0.0,)


def test_a_file_system_without_a_block_size_is_read(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = os.statvfs_result((0,) * 10)
    monkeypatch.setattr(os, "statvfs", lambda _path: nothing)
    disk = reader(board).read().storages[-1]
    assert (disk.unit_octets, disk.size_octets, disk.used_octets) == (1, 0, 0)


def test_a_disk_that_cannot_be_asked_leaves_the_rest(board: Path) -> None:
    status = HostReader(board / "nothing", board / "proc", board / "net", board / "thermal").read()
    assert [storage.kind for storage in status.storages] == [StorageKind.MEMORY]
    assert status.process_count == 2


def test_swap_is_shown_where_there_is_some(board: Path) -> None:
    write(board / "proc/meminfo", MEMORY + "SwapTotal: 1000 kB\nSwapFree: 400 kB")
    storages = reader(board).read().storages
    swap = next(each for each in storages if each.kind is StorageKind.SWAP)
    assert (swap.size_octets, swap.used_octets) == (1000 * 1024, 600 * 1024)
    assert len({each.index for each in storages}) == 3


def test_what_the_agent_itself_needs_is_told(board: Path) -> None:
    host = reader(board)
    first = host.read()
    assert first.load_average == 0.42
    assert first.agent == OwnProcess(
        None, memory_octets=2500 * os.sysconf("SC_PAGE_SIZE"), threads=7, open_files=3
    )
    write(board / "proc/uptime", "1244.56 0")
    own_process(board / "proc", ticks=os.sysconf("SC_CLK_TCK"))
    agent = host.read().agent
    assert agent is not None
    assert agent.cpu_pct == pytest.approx(10.0)


def test_the_agents_share_of_a_processor_is_of_the_last_minute(board: Path) -> None:
    host = reader(board)
    tick = os.sysconf("SC_CLK_TCK")
    for second, used_s in ((0, 0), (5, 5), (35, 5), (65, 5), (70, 5)):
        write(board / "proc/uptime", f"{second} 0")
        own_process(board / "proc", ticks=used_s * tick)
        agent = host.read().agent
    assert agent is not None
    assert agent.cpu_pct == 0.0


@pytest.mark.parametrize(
    ("zones", "hottest"),
    [
        ((), None),
        (("47774",), 47.774),
        (("47774", "51000"), 51.0),
        (("-274000", "2147483647", "0"), None),
        (("what", "40000"), 40.0),
    ],
)
def test_the_hottest_zone_that_can_be_believed_counts(
    board: Path, zones: tuple[str, ...], hottest: float | None
) -> None:
    for number, temperature in enumerate(zones):
        write(board / f"thermal/thermal_zone{number}/temp", temperature)
    assert reader(board).read().temperature_c == hottest


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    status = HostReader(tmp_path).read()
    assert status.uptime_s > 0
    assert status.process_count > 0
    memory, disk = status.storages[0], status.storages[-1]
    assert 0 < memory.used_octets < memory.size_octets
    assert 0 < disk.used_octets <= disk.size_octets
    assert status.agent is not None
    assert status.agent.memory_octets > 1_000_000
    assert status.agent.open_files > 0


def test_what_a_file_system_keeps_for_root_is_no_room(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ext4 keeps a twentieth: with nothing left for the agent it is full, not at 95 %."""
    full = os.statvfs_result((4096, 4096, 1000, 50, 0, 10, 10, 10, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    disk = reader(board).read().storages[-1]
    assert (disk.size_octets, disk.used_octets) == (950 * 4096, 950 * 4096)
