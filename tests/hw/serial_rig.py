# SPDX-License-Identifier: Apache-2.0
"""A serial relay board on a pseudo-terminal with its driver, as after a start of the agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.hw.serial_port import SerialPort

RECORDED = Path(__file__).parents[3] / "shared" / "captures" / "relays.json"


def recorded(kind: str) -> Any:
    """The recorded commands of a kind of board; skips where they are not at hand."""
    if not RECORDED.exists():
        pytest.skip("no recorded frames beside the repository: ../shared/captures/relays.json")
    return json.loads(RECORDED.read_text(encoding="utf-8"))[kind]


class SerialBench:
    """board: a simulated one, not started yet. bank(): another driver for it, each time."""

    def __init__(self, board: Any, bank_class: Any, settings: Any, folder: Path) -> None:
        self.board = board
        self._bank_class = bank_class
        self._settings = settings
        self._folder = folder
        self._bank: Any = None
        board.start()

    def bank(self) -> Any:
        if self._bank is not None:
            self._bank.close()
        memory = RelayMemory(self._folder, "left/1", self._settings.relay_count)
        port = SerialPort("test", str(self.board.path), 9600)
        self._bank = self._bank_class(port, self._settings, memory)
        return self._bank

    def warm_bank(self) -> Any:
        bank = self.bank()
        bank.inspect()
        bank.initialise()
        self.board.settle()
        self.board.commands.clear()
        return bank

    def close(self) -> None:
        if self._bank is not None:
            self._bank.close()
        self.board.close()
