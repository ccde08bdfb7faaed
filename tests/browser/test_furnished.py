# SPDX-License-Identifier: Apache-2.0
"""What people come for on a unit that has hooks, plans, rules and a cap, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.browsing import PHONE, Visitor
from tests.browser.furnished import calm_demo
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Demo]:
    """In place of the plain one; `session` and `visit` are of it."""
    it = calm_demo(tmp_path_factory.mktemp("furnished")).start()
    try:
        yield it
    finally:
        it.stop()


@pytest.fixture
def owner(visit: Callable[..., Visitor], session: Any) -> Iterator[Visitor]:
    it = visit(session=session)
    yield it
    assert it.complaints == []


def test_a_nas_is_shut_down_and_cut(owner: Visitor) -> None:
    """J3: told, draw 41 W to 3 W, idle, cut, verified; each step is said as it happens."""
    page = owner.open("/outlets/3")
    page.get_by_role("button", name="Shut down and cut").click()
    page.locator("#confirm-yes").click()
    steps = page.locator("[data-steps]")
    steps.get_by_text("Command sent.").wait_for()
    steps.get_by_text("waits for under 5 W").wait_for()
    steps.get_by_text(re.compile(r"Draw (39|4\d) W to [0-4] W\.")).wait_for()
    steps.get_by_text("Cut, verified.").wait_for()
    page.get_by_role("heading", name="Shut down and cut").wait_for()
    assert owner.outlet(3)["state"] == "off"


def test_a_nas_that_hangs_is_not_cut(owner: Visitor) -> None:
    page = owner.open("/outlets/4")
    page.get_by_role("button", name="Shut down and cut").click()
    page.locator("#confirm-yes").click()
    end = page.locator('[data-step="end"]')
    end.get_by_text(re.compile(r"^Not cut: still 3\d(\.\d)? W after 3 s")).wait_for()
    page.get_by_role("heading", name="Not cut").wait_for()
    assert owner.outlet(4)["state"] == "on"


def test_a_heater_whose_thermometer_is_gone_is_off(owner: Visitor) -> None:
    """J13: the rule goes to its fail-safe, and an alarm says so."""
    owner.open("/alarms")
    alarm = owner.page.locator("main").get_by_text("sensor 1 temperature has no value")
    alarm.first.wait_for(timeout=30_000)
    page = owner.open("/rules")
    page.get_by_text("its fail-safe counts").wait_for()
    owner.wait_until(6, "off")


def test_a_cap_with_an_order_that_is_dragged(owner: Visitor) -> None:
    """J10: 500 W carried; below that the kettle would go first, then by the order that is saved."""
    page = owner.open("/cap")
    page.get_by_label("The cap were").fill("380")
    answer = page.locator("#try-answer")
    answer.get_by_text("8 Kettle (priority 7)").wait_for()
    page.locator('[data-outlet="8"]').drag_to(page.locator('.level[data-priority="0"]'))
    answer.get_by_text("7 Printer (priority 6)").wait_for()
    page.locator('[data-outlet="5"]').focus()
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    page.locator('.level[data-priority="7"] [data-outlet="5"]').wait_for()
    answer.get_by_text("5 Lamp (priority 7)").wait_for()
    assert owner.outlet(5)["state"] == "on"
    with page.expect_navigation():
        page.get_by_role("button", name="Save the order").click()
    page.locator('.level[data-priority="0"] [data-outlet="8"]').wait_for()
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("Limit").fill("380")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#confirm-yes").click()
    page.locator(".shed").get_by_text("5 Lamp").wait_for(timeout=5000)
    assert {owner.outlet(n)["state"] for n in (1, 2, 8)} == {"on"}
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("Limit").fill("2000")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#confirm-yes").click()
    page.locator(".shed").wait_for(state="detached")
    owner.wait_until(5, "on")


NEXT_READINGS = """() => new Promise((done) => document.addEventListener("live:readings", () => {
  const text = (live) => document.querySelector(`[data-live="${live}"]`).textContent;
  done([text("active_power_w"), text("cap:1:value")]);
}, { once: true }))"""


def test_the_overview_shows_what_a_cap_carries_as_it_shows_the_total(owner: Visitor) -> None:
    """Of the same reading, each second; the part of the page around them is older."""
    page = owner.open("/")
    for _ in range(3):
        total, carried = page.evaluate(NEXT_READINGS)
        assert total == carried
        assert float(total) > 100
    badge = page.locator('[data-live-state="cap:1"]')
    assert (badge.inner_text(), badge.get_attribute("class")) == ("under", "badge is-ok")


def test_a_lamp_for_the_holidays_is_seen_for_a_week(owner: Visitor) -> None:
    """J13: on before sunset but on Sundays, off about 23:00."""
    page = owner.open("/schedules")
    page.get_by_text("15 min before sunset on mon, tue, wed, thu, fri, sat").wait_for()
    page.get_by_text("The same as a table").click()
    agenda = page.locator("#agenda")
    assert agenda.locator("tbody tr").filter(has_text="lamp-on").count() == 6
    offs = agenda.locator("tbody tr").filter(has_text="lamp-off").locator("td:first-child")
    assert offs.count() == 7
    assert all(re.match(r"22:[45]|23:[012]", each) for each in offs.all_inner_texts())


@pytest.mark.parametrize("size", [PHONE, (1280, 900)])
def test_the_switches_of_the_list_are_within_the_window(
    size: tuple[int, int], visit: Callable[..., Visitor], session: Any
) -> None:
    """With prices, groups and long reasons too."""
    page = visit(size=size, session=session).open("/outlets")
    page.locator('[data-cost="1"]:not(.is-missing)').wait_for()
    button = page.get_by_role("button", name="Switch Router off")
    box = button.bounding_box()
    assert box["x"] + box["width"] <= size[0]
    table = page.locator(".scroll, table.outlets").first
    assert table.evaluate("it => it.scrollWidth - it.clientWidth") <= 1


def test_the_history_of_a_unit_that_has_just_begun_is_that_of_an_hour(owner: Visitor) -> None:
    page = owner.open("/outlets/1")
    page.locator('[data-span="1"][aria-pressed="true"]').wait_for()
    page.locator("#history-power").get_by_text(re.compile("Steps of [0-9]+ s")).wait_for()
    page.locator('[data-span="24"]').click()
    told = re.compile("Steps of 3 min|Nothing is recorded of this time yet")
    page.locator("#history-power").get_by_text(told).wait_for()
