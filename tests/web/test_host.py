# SPDX-License-Identifier: Apache-2.0
"""The board in /health: what it tells, and null for what it does not."""

from __future__ import annotations

from pdu_agent.model.host import HostStatus, OwnProcess, Queue, Storage, StorageKind
from pdu_agent.web.host import host

BOARD = HostStatus(
    uptime_s=99.0,
    process_count=61,
    processor_loads_pct=(),
    memory_octets=1000,
    storages=(Storage(3, StorageKind.DISK, "State of the agent", 4096, 8192, 4096),),
    interfaces=(),
    load_average=0.42,
    temperature_c=47.774,
    agent=OwnProcess(cpu_pct=3.25, memory_octets=90_000, threads=7, open_files=31),
    queues=(Queue("relays i2c1", 2, 64),),
)


def test_the_board_as_json() -> None:
    assert host(BOARD) == {
        "uptime_s": 99.0,
        "load_average": 0.42,
        "temperature_c": 47.774,
        "storages": [
            {
                "kind": "disk",
                "description": "State of the agent",
                "size_octets": 8192,
                "used_octets": 4096,
            }
        ],
        "agent": {
            "cpu_percent": 3.25,
            "memory_octets": 90_000,
            "threads": 7,
            "open_files": 31,
        },
        "queues": [{"name": "relays i2c1", "depth": 2, "limit": 64}],
    }


def test_a_board_that_was_not_looked_at_is_null() -> None:
    assert host(None) is None


def test_what_the_board_does_not_tell_is_null() -> None:
    bare = host(HostStatus(99.0, 61, (), 1000, (), ()))
    assert bare is not None
    assert (bare["temperature_c"], bare["load_average"], bare["agent"]) == (None, None, None)
