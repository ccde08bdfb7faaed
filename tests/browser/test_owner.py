# SPDX-License-Identifier: Apache-2.0
"""A new owner: from the set-up link to a configuration that is edited with three mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.browsing import Visitor, visitor
from tests.browser.owned import Owned, owned_unit

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Owned]:
    with owned_unit(tmp_path_factory.mktemp("owned")) as it:
        yield it


@pytest.fixture(scope="module")
def owner(owned: Owned, browser: Any) -> Iterator[Visitor]:
    """J8: nobody has a password; the link of the start makes the first administrator, once."""
    link = owned.setup_link()
    with visitor(browser, owned) as it:
        it.page.goto(link)
        assert it.judged() == []
        it.begin_with(link)
        yield it


def test_the_link_makes_one_administrator_and_no_second_one(
    owner: Visitor, browser: Any, owned: Owned
) -> None:
    page = owner.open("/users")
    assert page.locator(".person").count() == 1
    page.get_by_text("that is you").wait_for()
    with visitor(browser, owned) as other:
        other.open("/setup?code=guessed")
        other.page.get_by_label("Password").fill("another password")
        other.page.get_by_role("button", name="Make the administrator").click()
        other.page.locator("[data-problem]:not([hidden])").wait_for()
        assert other.page.url.endswith("/setup?code=guessed")


MISTAKES = (
    ("nominal_hz: 50 ", "nominal_hz: 55 "),
    ("sequence_interval_s: 0.25", "sequence_interval_s: often"),
    ("temperature_scale: celsius", "temperatur_scale: celsius"),
)


def test_three_mistakes_are_told_with_their_places_and_nothing_happens(
    owner: Visitor, owned: Owned
) -> None:
    """J9."""
    owner.complaints.clear()
    page = owner.open("/settings")
    editor = page.get_by_label("Configuration, YAML")
    page.get_by_text("This is the file as it is.").wait_for()
    before = owned.config.read_text(encoding="utf-8")
    assert editor.input_value() == before
    wrong = before
    for right, mistake in MISTAKES:
        assert right in wrong
        wrong = wrong.replace(right, mistake, 1)
    editor.fill(wrong)
    findings = page.locator("#config-findings li.is-fault")
    findings.nth(2).wait_for()
    assert findings.count() == 3
    lines = wrong.split("\n")
    for _, mistake in MISTAKES:
        line = next(n for n, text in enumerate(lines, 1) if mistake in text)
        findings.filter(has_text=f"Line {line}, column ").get_by_role("button").click()
        start = editor.evaluate("each => each.selectionStart")
        assert wrong[:start].count("\n") == line - 1
    assert page.get_by_role("button", name="Apply").is_disabled()
    assert owned.config.read_text(encoding="utf-8") == before
    assert owner.judged() == []
    assert owner.complaints == []


def test_what_is_right_is_applied_without_a_restart(owner: Visitor, owned: Owned) -> None:
    page = owner.open("/settings")
    editor = page.get_by_label("Configuration, YAML")
    page.get_by_text("This is the file as it is.").wait_for()
    text = editor.input_value().replace("weld_current_a: 0.05", "weld_current_a: 0.06", 1)
    editor.fill(text)
    page.get_by_text("It is not applied yet.").wait_for()
    page.get_by_role("button", name="Apply").click()
    page.locator("#confirm-yes").click()
    page.get_by_text("This is the file as it is.").wait_for()
    assert owned.config.read_text(encoding="utf-8") == text
