# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every folder of tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.peers import require_terminals

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")
"""A property is true or false; how long its example took tells what else the machine did."""


@pytest.fixture
def terminals() -> None:
    """The test needs pseudo terminals; see `require_terminals`."""
    require_terminals()
