# SPDX-License-Identifier: Apache-2.0
"""Every page that an administrator finds: for everybody, at every width, without complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.browsing import DESK, PHONE, Visitor
from tests.browser.furnished import furnished_demo
from tests.system.demo_process import Demo

Visit = Callable[..., Visitor]
TIMELINE = "/schedules"
"""A week has no narrower form than its timeline; the same runs are in the list below it. The
tables of all other pages are lists on a phone.
"""
SCROLLING = """() => [...document.querySelectorAll(".scroll")]
  .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.getAttribute("aria-label"))"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Demo]:
    """Furnished: no page of it is empty."""
    it = furnished_demo(tmp_path_factory.mktemp("demo")).start()
    try:
        yield it
    finally:
        it.stop()


def pages_of(it: Visitor) -> list[str]:
    """What the navigation leads to, and the page of an outlet."""
    it.open("/")
    found = it.page.eval_on_selector_all(".nav a", "all => all.map(a => a.getAttribute('href'))")
    return [*found, "/outlets/1"]


@pytest.mark.peer
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_for_everybody(visit: Visit, session: Any, size: tuple[int, int]) -> None:
    """No serious finding of axe in either theme, no sideways scrolling, nothing on the console."""
    it = visit(size=size, session=session)
    found = []
    pages = pages_of(it)
    assert len(pages) > 5
    for path in pages:
        it.open(path)
        found += [f"{path}: {each}" for each in (*complaints(it), *it.complaints)]
        if size == PHONE and path != TIMELINE:
            found += [f"{path}: {each} scrolls" for each in it.page.evaluate(SCROLLING)]
        it.complaints.clear()
    assert found == []


def complaints(it: Visitor) -> Iterator[str]:
    """About the page that is open, in both themes: they differ in colours and nothing else."""
    it.page.emulate_media(color_scheme="light")
    yield from it.judged()
    it.page.emulate_media(color_scheme="dark")
    yield from (f"dark: {each}" for each in it.judged("color-contrast"))
    if it.overflow_px() > 0:
        yield f"{it.overflow_px()} px too wide"


@pytest.mark.peer
@pytest.mark.parametrize("path", ["/login", "/setup"])
def test_the_way_in_is_for_everybody(visit: Visit, path: str) -> None:
    for size, scheme in ((PHONE, "dark"), (DESK, "light")):
        it = visit(size=size, scheme=scheme)
        it.open(path)
        assert it.judged() == []
        assert it.overflow_px() <= 0
        assert it.complaints == []
