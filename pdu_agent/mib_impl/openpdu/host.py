# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduHost: what the agent needs of its board, and what waits in it."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.openpdu.words import ENTRY_NUMBER
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table
from pdu_agent.mib_impl.syntax import Gauge32, Integer32, Unsigned32, Utf8
from pdu_agent.model.host import HostStatus, OwnProcess, Queue, Storage, StorageKind
from pdu_agent.model.snapshot import Snapshot

_KIB = 1024

Board = HostStatus | None
"""None until the first look at it."""


def _of_board(read: Callable[[HostStatus], float | None]) -> Callable[[Board], float | None]:
    return lambda board: None if board is None else read(board)


def _of_agent(read: Callable[[OwnProcess], float | None]) -> Callable[[Board], float | None]:
    return lambda board: None if board is None or board.agent is None else read(board.agent)


def _kib_of(kind: StorageKind, octets: Callable[[Storage], int]) -> Callable[[Board], int | None]:
    def read(board: Board) -> int | None:
        storage = board.storage(kind) if board is not None else None
        return None if storage is None else octets(storage) // _KIB

    return read


def _size(kind: StorageKind) -> Callable[[Board], int | None]:
    return _kib_of(kind, lambda storage: storage.size_octets)


def _used(kind: StorageKind) -> Callable[[Board], int | None]:
    return _kib_of(kind, lambda storage: storage.used_octets)


HOST: Scalars[Board] = Scalars(
    suffix=(15,),
    source=lambda snapshot: snapshot.host,
    objects=(
        ObjectType(
            1,
            "opduHostAgentCpu",
            Gauge32(scale=10),
            _of_agent(lambda a: a.cpu_pct),
            units="thousandths",
        ),
        ObjectType(
            2,
            "opduHostAgentMemory",
            Gauge32(),
            _of_agent(lambda a: a.memory_octets // _KIB),
            units="kibibytes",
        ),
        ObjectType(3, "opduHostAgentThreads", Gauge32(), _of_agent(lambda a: a.threads)),
        ObjectType(4, "opduHostAgentOpenFiles", Gauge32(), _of_agent(lambda a: a.open_files)),
        ObjectType(
            5,
            "opduHostLoad",
            Gauge32(scale=1000),
            _of_board(lambda b: b.load_average),
            units="thousandths",
        ),
        ObjectType(
            6,
            "opduHostTemperature",
            Integer32(scale=1000),
            _of_board(lambda b: b.temperature_c),
            units="millidegrees Celsius",
        ),
        ObjectType(7, "opduHostMemory", Gauge32(), _size(StorageKind.MEMORY), units="kibibytes"),
        ObjectType(
            8, "opduHostMemoryUsed", Gauge32(), _used(StorageKind.MEMORY), units="kibibytes"
        ),
        ObjectType(9, "opduHostDisk", Gauge32(), _size(StorageKind.DISK), units="kibibytes"),
        ObjectType(10, "opduHostDiskUsed", Gauge32(), _used(StorageKind.DISK), units="kibibytes"),
    ),
)


def _queues(snapshot: Snapshot) -> list[tuple[tuple[int, ...], Queue]]:
    queues = snapshot.host.queues if snapshot.host is not None else ()
    return [((place,), queue) for place, queue in enumerate(queues, start=1)]


QUEUES: Table[Queue] = Table(
    suffix=(15, 11),
    name="opduQueueTable",
    index=("opduQueueIndex",),
    rows=_queues,
    objects=(
        ObjectType(1, "opduQueueIndex", ENTRY_NUMBER),
        ObjectType(2, "opduQueueName", Utf8(0, 64), lambda queue: queue.name),
        ObjectType(3, "opduQueueDepth", Gauge32(), lambda queue: queue.depth),
        ObjectType(4, "opduQueueLimit", Unsigned32(), lambda queue: queue.limit),
    ),
)
