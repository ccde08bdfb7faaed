# SPDX-License-Identifier: Apache-2.0
"""What people come for, done in a browser on a demo, from the click to the relay."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.browsing import PHONE, Visitor
from tests.peers import require
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer
Visit = Callable[..., Visitor]


def test_somebody_unknown_is_led_to_the_log_in_and_back(visit: Visit) -> None:
    it = visit()
    page = it.open("/about")
    assert page.url.endswith("/login?next=/about")
    page.get_by_label("Name").fill("viewer")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("alert").filter(has_text="wrong").wait_for()
    page.get_by_label("Password").fill("viewer-auth-pass")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="About this unit").wait_for()


def test_an_outlet_is_switched_off_from_a_phone(visit: Visit, session: Any) -> None:
    it = visit(size=PHONE, scheme="dark", session=session)
    page = it.open("/")
    page.locator('[data-api="POST /api/v1/outlets/5/off"]').first.click()
    page.locator("#confirm-yes").click()
    it.wait_until(5, "off")
    assert it.complaints == []


def test_whoever_asks_again_at_once_is_answered_for_the_second_question(
    visit: Visit, session: Any
) -> None:
    """The browser tells that a dialog has closed some time after it has, maybe open again."""
    it = visit(session=session)
    page = it.open("/outlets")
    page.evaluate(ASKED_TWICE)
    page.locator("#confirm-yes").click()
    it.wait_until(6, "off")


ASKED_TWICE = """() => {
  const off = document.querySelector('[data-api="POST /api/v1/outlets/6/off"]');
  off.click();
  document.getElementById("confirm").close();
  off.click();
}"""


def test_a_viewer_finds_no_buttons_that_switch(visit: Visit) -> None:
    it = visit()
    page = it.log_in("viewer")
    assert page.locator('[data-api*="/outlets/"]:enabled').count() == 0
    assert page.locator('a[href="/settings"]').count() == 0


def test_a_new_owner_renames_an_outlet_and_says_what_it_does_after_an_outage(
    visit: Visit, session: Any, demo: Demo
) -> None:
    """J8."""
    it = visit(session=session)
    page = it.open("/settings")
    page.locator("#outlets-7 summary").click()
    part = page.locator("#outlets-7")
    part.get_by_label("Name").fill("Aquarium <7>")
    part.get_by_label("After a loss of power").select_option("last")
    part.get_by_role("button", name="Save").click()
    page.locator("#outlets-7 summary").filter(has_text="Aquarium <7>").wait_for()
    row = demo.api("GET", "/outlets/7")[1]
    assert (row["name"], row["power_up"]) == ("Aquarium <7>", "last")
    assert it.complaints == []


def test_what_somebody_else_has_changed_is_not_overwritten(
    visit: Visit, session: Any, demo: Demo
) -> None:
    it = visit(session=session)
    page = it.open("/settings")
    page.locator("#outlets-6 summary").click()
    demo.api("PATCH", "/outlets/6", {"note": "of another"})
    part = page.locator("#outlets-6")
    part.get_by_label("Note").fill("mine")
    part.get_by_role("button", name="Save").click()
    part.get_by_role("alert").filter(has_text="Somebody else").wait_for()
    assert demo.api("GET", "/outlets/6/settings")[1]["note"] == "of another"


def test_a_token_is_made_and_a_script_switches_with_it(
    visit: Visit, session: Any, demo: Demo
) -> None:
    """J6: the second off changes nothing, and a token without the right is refused."""
    require("curl")
    it = visit(session=session)
    secrets = [made_token(it, name, scope) for name, scope in (("ci", "switch"), ("eyes", "read"))]
    first, second = curl(it, secrets[0], "outlets/4/off"), curl(it, secrets[0], "outlets/4/off")
    assert (first["changed"], first["verified"]) == (True, True)
    assert second["changed"] is False
    assert curl(it, secrets[1], "outlets/4/on")["code"] == "not_permitted"
    assert it.complaints == []


def made_token(it: Visitor, name: str, scope: str) -> str:
    page = it.open("/users")
    form = page.locator("#add-token")
    form.get_by_label("What it is for").fill(name)
    form.get_by_label("What it may do").select_option(scope)
    form.get_by_role("button", name="Add the token").click()
    secret = page.locator("[data-secret]")
    secret.filter(has_text="openpdu_").wait_for()
    return str(secret.inner_text())


def curl(it: Visitor, secret: str, resource: str) -> dict[str, Any]:
    command = ["curl", "-s", "-X", "POST", "-H", f"Authorization: Bearer {secret}"]
    command += ["-H", "Content-Type: application/json", "-d", "{}"]
    answer = subprocess.run(
        [*command, f"{it.home}/api/v1/{resource}"], capture_output=True, check=True
    )
    told: dict[str, Any] = json.loads(answer.stdout)
    return told


def test_a_user_of_one_outlet_is_made_and_removed(visit: Visit, session: Any) -> None:
    it = visit(session=session)
    page = it.open("/users")
    form = page.locator("#add-user")
    form.get_by_label("Name").fill("lodger")
    form.get_by_label("Role").select_option("viewer")
    form.get_by_label("Password").fill("a long password")
    form.get_by_label("Rights per outlet").fill("3: switch, others: none")
    form.get_by_role("button", name="Add the user").click()
    person = page.locator(".person").filter(has_text="lodger")
    person.get_by_text("3: switch, others: none").wait_for()
    lodger = visit()
    lodger.open("/login")
    lodger.page.get_by_label("Name").fill("lodger")
    lodger.page.get_by_label("Password").fill("a long password")
    lodger.page.get_by_role("button", name="Log in").click()
    lodger.page.wait_for_url(f"{it.home}/")
    assert lodger.page.locator(".tile").count() == 1
    person.get_by_role("button", name="Remove lodger").click()
    page.locator("#confirm-yes").click()
    person.wait_for(state="detached")


def test_energy_is_told_by_month(visit: Visit, session: Any) -> None:
    """J7: every outlet in the bill, a sum, and that gaps are not counted."""
    it = visit(session=session)
    page = it.open("/energy")
    page.locator("#energy:not([aria-busy])").wait_for()
    assert page.locator("#bill-rows tr").count() == 8
    with page.expect_download() as download:
        page.get_by_role("link", name="csv, energy by hour").click()
    assert "outlet" in download.value.path().read_text(encoding="utf-8")
    assert "Sum of the outlets" in page.locator("#bill-sums").inner_text()
    assert it.complaints == []


def test_the_outlet_list_is_worked_by_keyboard_alone(
    visit: Visit, session: Any, demo: Demo
) -> None:
    """Every button and link can be reached, is seen to be, and does what it says."""
    it = visit(session=session)
    page = it.open("/outlets")
    wanted = page.locator("main :is(a[href], button, input, select):visible:enabled").count()
    page.locator("#main").focus()
    reached = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert all(each["isInside"] and each["isSeen"] for each in reached)
    assert len({each["place"] for each in reached}) == wanted
    page.locator('[data-api="POST /api/v1/outlets/8/off"]').first.focus()
    page.keyboard.press("Enter")
    page.locator("#confirm[open]").wait_for()
    page.keyboard.press("Escape")
    assert demo.api("GET", "/outlets/8")[1]["state"] == "on"
    page.keyboard.press("Enter")
    page.locator("#confirm[open]").wait_for()
    page.locator("#confirm-yes").focus()
    page.keyboard.press("Enter")
    it.wait_until(8, "off")


FOCUSED = """() => {
  const it = document.activeElement;
  const style = getComputedStyle(it);
  return {
    isInside: document.getElementById("main").contains(it),
    isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
    place: [...document.querySelectorAll("*")].indexOf(it),
  };
}"""
