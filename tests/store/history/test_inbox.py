# SPDX-License-Identifier: Apache-2.0
"""What waits for a card that stalls is counted, bounded, and stored once it goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from pdu_agent.model.host import Queue
from pdu_agent.store.history.recorder import Recorder
from pdu_agent.store.history.settings import HistorySettings
from pdu_agent.store.history.store import MAX_WAITING_ROWS, HistoryStore
from tests.store.history.worlds import COLUMNS, MIDNIGHT_S


def test_seconds_that_wait_for_the_card_are_its_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def stall(_recorder: Recorder, _wall_s: int, _counted: object) -> None:
        goes_on.wait()

    monkeypatch.setattr(Recorder, "book", stall)
    for name in ("run", "state"):
        (tmp_path / name).mkdir()
    store = HistoryStore(tmp_path / "run", tmp_path / "state", HistorySettings())
    store.book(MIDNIGHT_S, ())
    rows = np.zeros((40, len(COLUMNS)), np.float32)
    store.record(COLUMNS, MIDNIGHT_S, rows)
    assert store.queue == Queue("history", 40, MAX_WAITING_ROWS)
    store.record(COLUMNS, MIDNIGHT_S + 40, np.zeros((MAX_WAITING_ROWS, 2), np.float32))
    assert store.queue.depth == 40
    goes_on.set()
    store.close()
    assert store.queue.depth == 0
