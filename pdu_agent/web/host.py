# SPDX-License-Identifier: Apache-2.0
"""The board and the agent's own needs, as /health has them."""

from __future__ import annotations

from pdu_agent.model.host import HostStatus, OwnProcess
from pdu_agent.web.plain import Plain, number


def host(board: HostStatus | None) -> Plain | None:
    """None before the board was looked at."""
    if board is None:
        return None
    return {
        "uptime_s": number(board.uptime_s),
        "load_average": number(board.load_average),
        "temperature_c": number(board.temperature_c),
        "storages": [
            {
                "kind": each.kind.value,
                "description": each.description,
                "size_octets": each.size_octets,
                "used_octets": each.used_octets,
            }
            for each in board.storages
        ],
        "agent": _agent(board.agent),
        "queues": [
            {"name": each.name, "depth": each.depth, "limit": each.limit} for each in board.queues
        ],
    }


def _agent(process: OwnProcess | None) -> Plain | None:
    if process is None:
        return None
    return {
        "cpu_percent": number(process.cpu_pct),
        "memory_octets": process.memory_octets,
        "threads": process.threads,
        "open_files": process.open_files,
    }
