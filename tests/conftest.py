# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every folder of tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.peers import require_terminals

settings.register_profile("busy machine", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable" if os.environ.get("REPEATABLE_EXAMPLES") else "busy machine")
"""A property is true or false; how long its example took tells what else the machine did."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "untraced: goes through the same lines for very long")


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Properties go through the same lines hundreds of times, and some tests let months pass, which
    takes three times as long while coverage is traced; what is covered, the others tell. (The mark
    `no_cover` of pytest-cov does not stop the tracer of an xdist worker.)
    """
    is_untraced = any(map(item.get_closest_marker, ("hypothesis", "untraced")))
    tracer = sys.gettrace()
    if is_untraced:
        sys.settrace(None)
    yield
    if is_untraced:
        sys.settrace(tracer)


@pytest.fixture(autouse=True)
def no_terminal_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """How wide the terminal is in which the tests run is nothing to them."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def terminals() -> None:
    """The test needs pseudo terminals; see `require_terminals`."""
    require_terminals()
