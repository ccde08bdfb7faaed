# SPDX-License-Identifier: Apache-2.0
"""A row of the event log says each thing once."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import EventKind, LoggedEvent, Severity
from tests.web.fake_agent import NOON_S, FakeController, make_snapshot
from tests.web.pages.browsing import page
from tests.web.pages.seen import words_of

WHY = "sensor 1 temperature 24 C"


def cells(text: str, user: str, kind: EventKind = EventKind.OUTLET_STATE) -> list[str]:
    """What happened, and by whom, as the page has it."""
    outlet = Target(TargetKind.OUTLET, 5)
    event = LoggedEvent(1, NOON_S, kind, Severity.INFO, outlet, text, user)
    controller = FakeController(replace(make_snapshot(), events=(event,)))
    _, shown = page(controller, "/events")
    found = re.findall(r'<td class="text[^"]*">(.*?)</td>', shown)
    return [words_of(each) for each in found]


@pytest.mark.parametrize(
    ("text", "user", "expected"),
    [
        ("outlet 5 is off, by http ada", "http ada", ["outlet 5 is off", "http ada"]),
        ("http ada: outlet 5 off", "http ada", ["outlet 5 off", "http ada"]),
        (
            f"rule heater ({WHY}): outlet 5 on",
            f"rule heater ({WHY})",
            ["outlet 5 on", f"rule heater {WHY}"],
        ),
        ("outlet 5 is on", "", ["outlet 5 is on", "\u2013"]),
        ("http ada: kept as it is", "http bob", ["http ada: kept as it is", "http bob"]),
    ],
    ids=["ends with who", "begins with who", "with a reason", "nobody", "somebody else"],
)
def test_who_did_it_stands_in_one_place(text: str, user: str, expected: list[str]) -> None:
    assert cells(text, user) == expected
