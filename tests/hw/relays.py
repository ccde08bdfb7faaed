# SPDX-License-Identifier: Apache-2.0
"""Relays switched as their bus's thread does it: written, then read back."""

from __future__ import annotations

from collections.abc import Mapping

from pdu_agent.hw.ports import RelayBank


def switched(bank: RelayBank, closed: Mapping[int, bool]) -> dict[int, bool | None]:
    """What the board shows afterwards."""
    bank.write(closed)
    return bank.read_back(closed)
