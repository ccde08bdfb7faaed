# SPDX-License-Identifier: Apache-2.0
"""Nothing of what somebody is shown tells of outlets that they may not read."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.hidden_text import HiddenText
from pdu_agent.access.visible import visible
from pdu_agent.model.actor import Actor, Hold, Rank
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.control import Cap, CapState, Outage, OutageState
from pdu_agent.model.snapshot import Alarm, EventKind, LoggedEvent, Outlet, Severity, Snapshot
from pdu_agent.web.collected import COLLECTIONS, WITH_OUTLETS
from pdu_agent.web.resources import outlet as outlet_row
from tests.web.fake_agent import make_outlet, make_snapshot

OUTLETS = 6
HIDES_3 = Grant(Rights.READ, Rights.READ, {3: Rights.NONE})


def name_of(number: int) -> str:
    return f"machine{number * 1111}"


def about(number: int) -> str:
    return f"outlet {number} ({name_of(number)}) drew 900 W"


def made_outlet(number: int) -> Outlet:
    """Whose every text tells of the next one."""
    other = about(number % OUTLETS + 1)
    return make_outlet(
        number,
        name=name_of(number),
        stopping=other,
        holds=(Hold("cap 1", Rank.RULE, False, other, 0.0, other),),
        last_actor=Actor("rule", "hot", "", other),
    )


def talkative() -> Snapshot:
    """Everything that has a text or a list of outlets has one about each outlet."""
    numbers = range(1, OUTLETS + 1)
    everything = f"outlets {', '.join(map(str, numbers))}"
    places = (None, *(Target(TargetKind.OUTLET, number) for number in numbers))
    groups = make_snapshot().groups
    return make_snapshot(
        outlets=tuple(map(made_outlet, numbers)),
        groups=tuple(
            replace(groups[0], index=number, name=f"of {name_of(number)}", members=(number,))
            for number in numbers
        ),
        alarms=tuple(
            Alarm(n, "no reading", Severity.WARNING, f"outlet {x}", about(x), 0.0, target=place)
            for n, (place, x) in enumerate((p, x) for p in places for x in numbers)
        ),
        events=tuple(
            LoggedEvent(n, 0.0, EventKind.STARTED, Severity.INFO, place, text, text)
            for n, (place, text) in enumerate(
                (p, text) for p in places for text in (everything, *map(about, numbers))
            )
        ),
        caps=(
            Cap(1, "all", Target(TargetKind.UNIT, 1), Quantity.ACTIVE_POWER, 1.0, 0.0, None,
                CapState.SHEDDING, tuple(numbers)),
        ),
        outages=(
            Outage("rack", OutageState.BACK, 0.0, (1,), tuple(numbers), everything, about(1), None),
        ),
    )  # fmt: skip


UNIT = talkative()
RIGHTS = st.sampled_from([Rights.NONE, Rights.READ, Rights.SWITCH])
GRANTS = st.builds(
    Grant, RIGHTS, RIGHTS, st.dictionaries(st.integers(1, OUTLETS), RIGHTS, max_size=OUTLETS)
)
NUMBERED = re.compile(r"[Oo]utlets?[ :\"]+(\d+)")
LISTS = ("members", "shed", "taken", "outlets")


@given(GRANTS)
@settings(max_examples=60, deadline=None)
def test_no_collection_names_an_outlet_that_is_hidden(grant: Grant) -> None:
    hidden = {n for n in range(1, OUTLETS + 1) if not grant.allows(Rights.READ, n)}
    shown = visible(UNIT, grant)
    for name, build in COLLECTIONS.items():
        plain = dict(build(shown))
        if name in WITH_OUTLETS:
            plain["outlets"] = [outlet_row(row) for row in shown.outlets]
        text = json.dumps(plain)
        for number in hidden:
            assert name_of(number) not in text, name
        assert not hidden & {int(number) for number in NUMBERED.findall(text)}, name
        assert not hidden & set(_listed(plain)), name
    assert not hidden & {n for cap in shown.caps for n in cap.shed}
    assert not hidden & {n for outage in shown.outages for n in outage.taken}


def _listed(plain: object) -> list[int]:
    if isinstance(plain, dict):
        own = [n for key in LISTS for n in _numbers(plain.get(key))]
        return own + [n for value in plain.values() for n in _listed(value)]
    return [n for value in plain for n in _listed(value)] if isinstance(plain, list) else []


def _numbers(value: object) -> list[int]:
    return [each for each in value if isinstance(each, int)] if isinstance(value, list) else []


def test_who_reads_everything_is_shown_the_very_snapshot() -> None:
    assert visible(UNIT, Grant.everywhere(Rights.READ)) is UNIT


def test_a_row_that_tells_nothing_is_the_very_same() -> None:
    plain = make_snapshot()
    shown = visible(plain, HIDES_3)
    assert [row.index for row in shown.outlets] == [1, 2, 4]
    assert all(row is plain.outlets[row.index - 1] for row in shown.outlets)


def test_an_alarm_without_a_target_is_hidden_by_its_subject() -> None:
    assert visible(make_snapshot(), HIDES_3).alarms == ()


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("", False),
        ("outlet 3 went off", True),
        ("Outlets 1, 3 and 5", True),
        ("outlets 1 and 2", False),
        ("outlets 2-5 went off", True),
        ("outlets 2 to 5", True),
        ("outlet:3", True),
        ("outlet 13 of 30", False),
        ("machine3333 is hot", True),
        ("machine33330 is hot", False),
        ("3 outlets are off", False),
        ("inlet 3", False),
    ],
)
def test_what_tells_of_outlet_3(text: str, tells: bool) -> None:
    assert HiddenText(UNIT, HIDES_3).tells(text) is tells
