# SPDX-License-Identifier: Apache-2.0
"""The largest unit, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.browsing import DESK, PHONE, Visitor
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer
Visit = Callable[..., Visitor]

OUTLETS = 64
PAGES = {"overview": ("/", ".tile[data-outlet]"), "list": ("/outlets", "tr[data-outlet]")}
"""Address, and what shows one outlet there."""
NUMBERS = "all => all.map(each => Number(each.dataset.outlet))"
NEXT_READINGS = """() => new Promise((done) => document.addEventListener("live:readings",
  ({ detail }) => detail.outlets.every((row) => row.quality === "ok") && done(
    detail.outlets.map((row) => {
      const live = `outlet:${row.number}:active_power_w`;
      const cell = document.querySelector(`[data-live="${live}"]`);
      return [row.number, cell?.textContent, row.active_power_w.toFixed(cell?.dataset.decimals)];
    }))))"""
"""Of each outlet, once all are measured: its number, the watts that are shown, and those of the
event. A busy host stops the demo's converters for so long that their values are none any more.
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Demo]:
    it = Demo(tmp_path_factory.mktemp("large"), "--outlets", str(OUTLETS)).start()
    try:
        yield it
    finally:
        it.stop()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", PAGES)
def test_all_outlets_are_there_live_and_switched(
    visit: Visit, session: Any, name: str, size: tuple[int, int]
) -> None:
    path, row = PAGES[name]
    it = visit(size=size, session=session)
    page = it.open(path)
    assert page.eval_on_selector_all(row, NUMBERS) == [*range(1, OUTLETS + 1)]
    assert it.overflow_px() <= 0
    told = page.evaluate(NEXT_READINGS)
    assert len(told) == OUTLETS
    assert [each for each in told if each[1] != each[2]] == []
    _switch_the_last(it, row)
    assert it.overflow_px() <= 0
    assert it.complaints == []


def _switch_the_last(it: Visitor, row: str) -> None:
    """Off after a question, where it draws something, and on again."""
    last = it.page.locator(f'{row.removesuffix("[data-outlet]")}[data-outlet="{OUTLETS}"]')
    before = it.outlet(OUTLETS)["state"]
    assert before == "on"
    last.locator(f'[data-api="POST /api/v1/outlets/{OUTLETS}/off"]').first.click()
    it.page.locator("#confirm-yes").click()
    it.wait_until(OUTLETS, "off")
    last.locator(".badge.is-off").first.wait_for()
    last.locator(f'[data-api="POST /api/v1/outlets/{OUTLETS}/on"]').first.click()
    it.wait_until(OUTLETS, "on")
