# SPDX-License-Identifier: Apache-2.0
"""One demo and one browser for each module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.browser.browsing import Visitor, chromium, visitor
from tests.peers import require
from tests.system.demo_process import Demo


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    require("chromium")
    pytest.importorskip("axe_playwright_python", reason="no wheel of Playwright for this machine")
    with chromium() as it:
        yield it


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Demo]:
    it = Demo(tmp_path_factory.mktemp("demo")).start()
    try:
        yield it
    finally:
        it.stop()


@pytest.fixture(scope="module")
def session(browser: Any, demo: Demo) -> Any:
    """Of an administrator who has logged in."""
    with visitor(browser, demo) as it:
        it.log_in()
        return it.context.storage_state()


@pytest.fixture
def visit(browser: Any, demo: Demo) -> Iterator[Callable[..., Visitor]]:
    """visit(size, scheme, session): a window, which is closed after the test."""
    with ExitStack() as opened:
        yield lambda **how: opened.enter_context(visitor(browser, demo, **how))
