# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduHost by known answers: the board, the agent's own needs, and its queues."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE, MibView
from pdu_agent.model.host import HostStatus, OwnProcess, Queue, Storage, StorageKind
from tests.mib.unit import unit

MIB = 1024 * 1024
BOARD = HostStatus(
    uptime_s=99.0,
    process_count=61,
    processor_loads_pct=(),
    memory_octets=240 * MIB,
    storages=(
        Storage(1, StorageKind.MEMORY, "Physical memory", 1024, 240 * MIB, 100 * MIB),
        Storage(3, StorageKind.DISK, "State of the agent", 4096, 8 * 1024 * MIB, 3 * MIB + 4096),
    ),
    interfaces=(),
    load_average=0.42,
    temperature_c=47.774,
    agent=OwnProcess(cpu_pct=3.27, memory_octets=90 * MIB, threads=7, open_files=31),
    queues=(Queue("relays i2c1", 2, 64), Queue("events", 0, 1024)),
)
VIEW = MibView(agent_modules(lambda: 0.0, SnmpCounters()))


def value(board: HostStatus | None, *suffix: int) -> object:
    snapshot = replace(unit(), host=board)
    return VIEW.get((*DEFAULT_ARC, 1, 15, *suffix), snapshot)


def test_the_figures_of_the_agent_and_its_board() -> None:
    told = [value(BOARD, number, 0).content for number in range(1, 11)]  # type: ignore[attr-defined]
    assert told[:6] == [33, 90 * 1024, 7, 31, 420, 47_774]
    assert told[6:] == [240 * 1024, 100 * 1024, 8 * 1024 * 1024, 3 * 1024 + 4]


def test_each_queue_has_a_row() -> None:
    rows = [[value(BOARD, 11, 1, c, row).content for c in (2, 3, 4)] for row in (1, 2)]  # type: ignore[attr-defined]
    assert rows == [[b"relays i2c1", 2, 64], [b"events", 0, 1024]]


def test_what_a_board_does_not_tell_has_no_instance() -> None:
    bare = replace(BOARD, load_average=None, temperature_c=None, agent=None, storages=())
    for number in range(1, 11):
        assert value(bare, number, 0) is NO_SUCH_INSTANCE
        assert value(None, number, 0) is NO_SUCH_INSTANCE


def test_there_is_no_queue_before_the_first_look() -> None:
    assert value(None, 11, 1, 2, 1) is NO_SUCH_INSTANCE
