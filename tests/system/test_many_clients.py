# SPDX-License-Identifier: Apache-2.0
"""Clients that know nothing of each other: the last accepted command of each outlet counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.many_clients import run
from tests.peers import require

pytestmark = [pytest.mark.peer, pytest.mark.alone]


def test_what_is_left_is_what_was_accepted_last(tmp_path: Path) -> None:
    """Through SNMP v1, v2c and v3, the API and the command; `bench/many_clients.py` has 200."""
    require("snmpset")
    outcome = run(tmp_path, clients=40, seconds=5.0, outlets=6)
    assert sum(client.accepted.total() for client in outcome.clients) > 40
    assert outcome.movements
    assert outcome.wrong_ends() == []
    assert outcome.unrecorded() == 0
    assert outcome.chain_is_whole
    assert outcome.hasty_relays() == 0
    assert outcome.hasty_closings() == 0
