# SPDX-License-Identifier: Apache-2.0
"""How the configuration names one line of a board of inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IoLine:
    """line: its number on the board, from 0."""

    board: str
    line: int

    def __str__(self) -> str:
        return f"{self.board}.{self.line}"
