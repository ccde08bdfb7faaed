# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every folder of tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.peers import require_terminals

settings.register_profile("busy machine", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable" if os.environ.get("REPEATABLE_EXAMPLES") else "busy machine")
"""A property is true or false; how long its example took tells what else the machine did."""


@pytest.fixture(autouse=True)
def no_terminal_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """How wide the terminal is in which the tests run is nothing to them."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def terminals() -> None:
    """The test needs pseudo terminals; see `require_terminals`."""
    require_terminals()
