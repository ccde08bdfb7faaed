# SPDX-License-Identifier: Apache-2.0
"""Recorders that a test leaves open are closed after it, without writing anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.history import worlds


@pytest.fixture(autouse=True)
def _close_recorders() -> Iterator[None]:
    yield
    while worlds.made:
        worlds.made.pop().card.close()
