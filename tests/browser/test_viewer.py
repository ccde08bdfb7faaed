# SPDX-License-Identifier: Apache-2.0
"""A viewer who tries everything on a furnished unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pdu_agent.app.demo_furnished import HEATER
from tests.browser.browsing import Visitor, visitor
from tests.browser.furnished import calm_demo
from tests.browser.test_every_page import pages_of
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer
Visit = Callable[..., Visitor]

OWN = {
    "DELETE /api/v1/session",
    "POST /api/v1/tokens",
    *(f"POST /api/v1/users/{name}/password" for name in ("viewer", "operator")),
}
"""What everybody may ask for: it concerns themselves."""

CONTROLS = "all => all.map(each => each.dataset.api)"
ASK = """async ([method, path]) => {
  const body = method === "GET" ? undefined : "{}";
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
  const answer = await fetch(path, { method, headers, body });
  return [answer.status, await answer.text()];
}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Demo]:
    it = calm_demo(tmp_path_factory.mktemp("viewer")).start()
    try:
        yield it
    finally:
        it.stop()


@pytest.fixture(scope="module")
def viewing(browser: Any, demo: Demo) -> Any:
    """The session of a viewer."""
    with visitor(browser, demo) as it:
        it.log_in("viewer")
        return it.context.storage_state()


def controls(it: Visitor) -> set[str]:
    """What the enabled buttons and forms of every page ask of the API."""
    found: set[str] = set()
    for path in (*pages_of(it), "/outlets/3", "/thresholds?of=inlet-1-current"):
        it.open(path)
        found |= set(it.page.eval_on_selector_all("[data-api]:not(:disabled)", CONTROLS))
    return found


def is_refusal(asked: str, status: int) -> bool:
    """422: an edit of nothing is none, whoever asks for it. 404: an alarm that is over by now."""
    return status in (403, 422) or (status == 404 and asked.startswith("POST /api/v1/alarms/"))


def resting(demo: Demo) -> dict[str, str]:
    """The states of what nobody else switches: the heater has a rule, and loses its thermometer."""
    rows = {row["number"]: row["state"] for row in demo.outlets()}
    del rows[HEATER]
    return rows


def test_a_viewer_finds_nothing_to_press_on_any_page(visit: Visit, viewing: Any) -> None:
    it = visit(session=viewing)
    assert controls(it) - OWN == set()
    assert it.complaints == []


def test_a_viewer_who_asks_all_the_same_is_refused_and_told_why(
    visit: Visit, session: Any, viewing: Any, demo: Demo
) -> None:
    """What the buttons of an administrator ask for, from the console of a viewer's browser."""
    asked = sorted(controls(visit(session=session)) - OWN)
    assert len(asked) > 30
    before = resting(demo)
    page = visit(session=viewing).open("/")
    answers = {each: page.evaluate(ASK, each.split(" ")) for each in asked}
    others = {each: told for each, told in answers.items() if not is_refusal(each, told[0])}
    assert others == {}
    orders = {each: told for each, told in answers.items() if each.startswith("POST ")}
    switching = [each for each in orders if "/outlets/" in each]
    assert len(switching) > 20
    assert [each for each in switching if orders[each][0] != 403] == []
    assert [each for each in switching if "not_permitted" not in orders[each][1]] == []
    assert resting(demo) == before
