# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every folder of tests."""

from __future__ import annotations

import pytest

from tests.peers import require_terminals


@pytest.fixture
def terminals() -> None:
    """The test needs pseudo terminals; see `require_terminals`."""
    require_terminals()
