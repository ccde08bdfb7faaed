# SPDX-License-Identifier: Apache-2.0
"""No address that can be read, of the API or a page, tells of outlets that a caller may not read.

Every GET route of the application is asked; a new one that needs an example, and has none, fails.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, web
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.core.outage.what_if import Happening, MainsFail, MainsFailAnswer
from pdu_agent.core.plans.week import Against, PlanDay, PlanDays, ShownDay, Week
from pdu_agent.model.actor import Actor, Hold, Rank
from pdu_agent.model.commands import (
    Command,
    Quantity,
    SwitchGroup,
    Target,
    TargetKind,
    Ticket,
)
from pdu_agent.model.control import (
    Cap,
    CapState,
    Outage,
    OutageState,
    Plan,
    Rule,
    RuleState,
    Upcoming,
)
from pdu_agent.model.errors import OutletHeld
from pdu_agent.model.history import Kept, Series
from pdu_agent.model.hooks import HookRow, HookRun
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import (
    Alarm,
    EventKind,
    LoggedEvent,
    Meter,
    Outlet,
    Severity,
    Snapshot,
    Threshold,
    ThresholdState,
)
from pdu_agent.store.audit_query import Wanted
from pdu_agent.web.api import make_app
from pdu_agent.web.caller import Caller
from pdu_agent.web.services import Services
from tests.web.fake_agent import (
    NOON_S,
    SWITCH_ON,
    FakeController,
    make_meter,
    make_outlet,
    make_snapshot,
    shown_wave,
)
from tests.web.fake_history import FakeHistory

NUMBERS = (1, 2, 241, 242)
"""The last two are found in a text, wherever they stand."""
NOON = "2027-01-15"

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "/api/v1/inlets/{n}": ("1",),
    "/api/v1/inlets/{n}/settings": ("1",),
    "/api/v1/inlets/{n}/waveform": ("1",),
    "/api/v1/lines/{n}": ("1",),
    "/api/v1/lines/{n}/waveform": ("1",),
    "/api/v1/branches/{n}/settings": ("1",),
    "/api/v1/sensors/{n}/settings": ("1",),
    "/api/v1/users/{name}": ("opdu",),
    "/api/v1/tokens/{id}": ("000000000000",),
    "/static/{path}": ("x/style.css",),
}
"""What is put in place of the braces, where that is no outlet (or group) by its number."""

QUERIES: Mapping[str, tuple[str, ...]] = {
    "/api/v1/history": tuple(f"target=outlet:{n}&quantity=active_power_w" for n in NUMBERS),
    "/api/v1/peaks": tuple(f"target=outlet:{n}&quantity=active_power_w" for n in NUMBERS),
    "/api/v1/energy/history": (
        *(f"target=outlet:{n}&step=month" for n in NUMBERS),
        *(f"target=group:{n}&step=month" for n in NUMBERS),
        "target=unit:1&step=month",
    ),
    "/api/v1/export": (
        f"day={NOON}",
        f"day={NOON}&what=energy",
        f"day={NOON}&format=jsonl",
        f"day={NOON}&target=outlet:241&format=jsonl",
        f"day={NOON}&target=group:241&what=energy",
    ),
    "/api/v1/audit": ("", "outlet=241", "user=anna"),
    "/api/v1/what-if": ("cap=10", "lose=inlet%201", "cap=10&priorities=241:3"),
    "/api/v1/schedule/next": ("", "outlet=1", "outlet=241"),
    "/events": ("", "text=machine", "target=outlet+241"),
    "/thresholds": ("", "of=outlet-241-current"),
}
"""Of routes that tell more, or nothing, without; others are asked without any."""

ENDLESS = frozenset({"/api/v1/stream"})
"""See test_hub."""


def name_of(number: int) -> str:
    return f"machine{number}"


def about(number: int) -> str:
    return f"outlet {number} ({name_of(number)}) drew {drawn_w(number)} W"


def drawn_w(number: int) -> float:
    """Of an outlet; no two sums of them are alike."""
    return 5000.5 + number * 3.25


INLET_W = 77123.25
EVERYTHING = f"outlets {', '.join(map(str, NUMBERS))}"
ON_ALL = Target(TargetKind.INLET, 1)


def metered(power_w: float) -> Meter:
    values = Electrical(230.0, 1.0, power_w, power_w, 0.0, 1.0, 50.0, 1.4)
    return make_meter(
        electrical=values,
        peak_power_w=power_w,
        energy_mj=round(power_w * 3_600_000),
        user_energy_mj=round(power_w * 3_600_000),
    )


def made_outlet(number: int, place: int) -> Outlet:
    """Whose every text tells of the next one."""
    other = about(NUMBERS[(place + 1) % len(NUMBERS)])
    return make_outlet(
        number,
        name=name_of(number),
        position="",
        stopping=other,
        priority=place + 1,
        holds=(Hold("cap 1", Rank.RULE, False, other, 0.0, other),),
        last_actor=Actor("rule", "hot", "", other),
        meter=metered(drawn_w(number)),
    )


def plans() -> tuple[Plan, ...]:
    one = [
        Plan(n, f"of-{name_of(n)}", True, "daily", (n,), "off", NOON_S, None, about(x), 1, 0)
        for n, x in zip(NUMBERS, (*NUMBERS[1:], NUMBERS[0]), strict=True)
    ]
    whole = Plan(
        5, f"all, also {name_of(241)}", True, "daily", NUMBERS, "off", NOON_S, None, "", 1, 0
    )
    return (*one, whole)


def rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(n, f"of-{name_of(n)}", True, about(x), "off", RuleState.IDLE, None, 1.0, 1, None,
             about(x), (n,))
        for n in NUMBERS for x in NUMBERS
    )  # fmt: skip


def threshold(target: Target) -> Threshold:
    return Threshold(
        target, Quantity.CURRENT, *(0.0, 0.0, 12.8, 16.0), hysteresis=0.5, delay_s=2.0,
        enabled=frozenset(), state=ThresholdState.NORMAL, value=13.1,
    )  # fmt: skip


def talkative() -> Snapshot:
    """Everything that has a text or a list of outlets has one about each outlet."""
    places = (None, *(Target(TargetKind.OUTLET, number) for number in NUMBERS))
    plain = make_snapshot()
    return make_snapshot(
        outlets=tuple(made_outlet(n, place) for place, n in enumerate(NUMBERS)),
        inlets=(replace(plain.inlets[0], meter=metered(INLET_W), unaccounted_w=None),),
        lines=(replace(plain.lines[0], inlet=1, meter=metered(INLET_W)),),
        groups=tuple(
            replace(plain.groups[0], index=n, name=f"of {name_of(n)}", members=(n,))
            for n in NUMBERS
        ),
        alarms=tuple(
            Alarm(n, "no reading", Severity.WARNING, f"outlet {x}", about(x), 0.0, target=place)
            for n, (place, x) in enumerate((p, x) for p in places for x in NUMBERS)
        ),
        events=tuple(
            LoggedEvent(n, NOON_S - 60, EventKind.STARTED, Severity.INFO, place, text, text)
            for n, (place, text) in enumerate(
                (p, text) for p in places for text in (EVERYTHING, *map(about, NUMBERS))
            )
        ),
        thresholds=(threshold(ON_ALL), *(threshold(place) for place in places[1:] if place)),
        plans=plans(),
        rules=rules(),
        caps=(
            Cap(1, "all", Target(TargetKind.UNIT, 1), Quantity.ACTIVE_POWER, 1.0, 0.0, None,
                CapState.SHEDDING, NUMBERS),
        ),
        outages=(
            Outage("rack", OutageState.BACK, 0.0, (1,), NUMBERS, EVERYTHING, about(1), None),
        ),
    )  # fmt: skip


UNIT = talkative()


class WholeHistory(FakeHistory):
    """Of all outlets and the inlet."""

    def __init__(self) -> None:
        super().__init__(lambda target, _at_s: _power_w(target))

    async def series(self) -> tuple[Series, ...]:
        places = (ON_ALL, *(Target(TargetKind.OUTLET, number) for number in NUMBERS))
        return tuple(Series(place, Kept.ACTIVE_POWER) for place in places)


def _power_w(target: Target) -> float:
    return INLET_W if target.kind is TargetKind.INLET else drawn_w(target.index)


def audit_rows(_wanted: Wanted, _before: int | None) -> Iterator[Mapping[str, Any]]:
    """About each outlet, with a text about each."""
    texts = [*map(about, NUMBERS), EVERYTHING]
    for place, (n, text) in enumerate((n, text) for n in NUMBERS for text in texts):
        for kind, key in enumerate(("asked", "because", "error", "who", "address")):
            row = {"number": 10 * place + kind, "time": NOON_S, "face": "http", "who": "anna"}
            yield {**row, key: text, "outlets": {str(n): ["on", "off"]}}


async def mains_fail(asked: MainsFail) -> MainsFailAnswer:
    happenings = [Happening(5.0, n, "off", about(x)) for n in NUMBERS for x in NUMBERS]
    told = (*happenings, Happening(9.0, None, EVERYTHING, ""))
    return MainsFailAnswer(
        asked.minutes, ("rack",), 900.0, 60.0, told, NUMBERS, NUMBERS, NUMBERS, (EVERYTHING,)
    )


def week(snapshot: Snapshot, *_: object) -> Week:
    """Of the plans that the asker is shown."""
    day = ShownDay(date(2027, 1, 15), NOON_S - 3600, NOON_S + 3600, None, None)
    planned = PlanDay(1, NOON_S, NOON_S, (), "")
    return Week(
        None,
        (day,),
        tuple(
            PlanDays(plan, "time", 0, (planned,), tuple(
                Against(row.index, row.holds[0].source, row.holds[0].text)
                for row in snapshot.outlets if row.index in plan.outlets
            ))
            for plan in snapshot.plans
        ),
    )  # fmt: skip


def hooks() -> tuple[HookRow, ...]:
    return tuple(
        HookRow(f"hook{place}", "command", 5.0, False, HookRun("before off", n, NOON_S, text, 1.0))
        for place, (n, text) in enumerate((n, about(x)) for n in (0, *NUMBERS) for x in NUMBERS)
    )


def coming(count: int, outlet: int | None) -> tuple[Upcoming, ...]:
    found = [Upcoming(NOON_S, f"plan of-{name_of(n)}", "off", (n,)) for n in NUMBERS]
    found.append(Upcoming(NOON_S, f"plan all, also {name_of(241)}", "off", NUMBERS))
    return tuple(row for row in found if outlet is None or outlet in row.outlets)[:count]


SERVICES = Services(
    {n: replace(SWITCH_ON, outlet=n) for n in NUMBERS}.get,
    upcoming=coming,
    hooks=hooks,
    mains_fail=mains_fail,
    audit=audit_rows,
    waves=shown_wave,
    history=WholeHistory(),
    week=week,
)


class Anybody:
    """Takes every request for one of this caller."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def identify(self, _request: web.Request) -> Caller:
        return self.caller


def application(caller: Caller) -> web.Application:
    return make_app(FakeController(UNIT), Anybody(caller), SERVICES)


def addresses(app: web.Application) -> Iterator[tuple[str, str]]:
    """Route and address of everything that can be read."""
    for route in app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        if route.method != "GET" or path in ENDLESS:
            continue
        for text in _filled(path):
            for query in QUERIES.get(path, ("",)):
                yield path, f"{text}?{query}" if query else text


def _filled(path: str) -> Iterator[str]:
    if "{" not in path:
        yield path
        return
    values = EXAMPLES.get(path)
    if values is None:
        assert re.fullmatch(r"(/api/v1)?/(outlets|groups)/\{n\}(/\w+)*|.*/thresholds/.*", path), (
            f"{path}: what it reads needs an example here"
        )
        values = tuple(map(str, NUMBERS))
    for value in values:
        text = path.replace("{kind}", "outlet").replace("{quantity}", "current")
        yield re.sub(r"\{[^}]*\}", value, text)


async def read_all(caller: Caller) -> list[tuple[str, int, str]]:
    """Address, status and text of each."""
    app = application(caller)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            found = []
            for path, address in addresses(app):
                accept = "*/*" if path.startswith("/api/") else "text/html"
                async with session.get(base + address, headers={"Accept": accept}) as answer:
                    found.append((address, answer.status, (await answer.read()).decode("latin-1")))
            return found
    finally:
        await runner.cleanup()


def tells_of(number: int, text: str) -> bool:
    """By its name, its number or what it draws."""
    values = (f"{drawn_w(number)}", f"{round(drawn_w(number), 1)}", f"{drawn_w(number):.0f} W")
    if name_of(number) in text or any(value in text for value in values):
        return True
    return number > 2 and re.search(rf"(?<![\w.#-]){number}(?![\w.])", text) is not None


RIGHTS = st.sampled_from([Rights.NONE, Rights.READ, Rights.SWITCH, Rights.WRITE])
GRANTS = st.builds(
    Grant, RIGHTS, st.just(Rights.NONE), st.fixed_dictionaries({1: RIGHTS, 2: RIGHTS})
)
STATIC = re.compile(r"^/(static/|favicon|api/v1/(docs|openapi))")


def check(grant: Grant) -> None:
    caller = Caller(Actor("http", "tenant", "10.0.0.9"), grant)
    hidden = [number for number in NUMBERS if not grant.allows(Rights.READ, number)]
    wrong = []
    for address, status, text in asyncio.run(read_all(caller)):
        if STATIC.match(address):
            continue
        # What was asked for may be said again.
        said = text.replace("there is no outlet 241", "")
        told = [number for number in hidden if tells_of(number, said)] if status == 200 else []
        if status >= 500 and status != 503:
            wrong.append(f"{address}: {status}")
        if told:
            wrong.append(f"{address} tells of {told}")
        if not grant.allows(Rights.READ) and (str(INLET_W) in text or "77123" in text):
            wrong.append(f"{address} tells what the unit draws")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("unit", [Rights.NONE, Rights.READ, Rights.WRITE])
def test_a_tenant_is_told_of_their_own_outlets_alone(unit: Rights) -> None:
    check(Grant(unit, Rights.NONE, {1: Rights.SWITCH, 2: Rights.SWITCH}))


@given(GRANTS)
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_nobody_is_told_of_what_they_may_not_read(grant: Grant) -> None:
    check(grant)


def test_who_reads_everything_is_told_of_everything() -> None:
    """Else the tests above would find nothing because there is nothing."""
    caller = Caller(
        Actor("http", "admin", "10.0.0.9"), Grant.everywhere(Rights.WRITE), is_admin=True
    )
    found = asyncio.run(read_all(caller))
    silent = {
        address.partition("?")[0]
        for address, status, text in found
        if status == 200 and not any(tells_of(number, text) for number in NUMBERS)
    }
    telling = {address.partition("?")[0] for address, _, _ in found} - silent
    for path in (
        "what-if/mains-fail",
        "hooks",
        "audit",
        "export",
        "cost",
        "wear",
        "gaps",
        "what-if",
    ):
        assert f"/api/v1/{path}" in telling, path
    for path in ("/", "/outlets", "/groups", "/schedules", "/rules", "/cap", "/events", "/alarms"):
        assert path in telling, path


HELD = f"outlet 1 is kept off by rule hot: {about(241)}"


class Refusing(FakeController):
    """As the core refuses: with the text of who holds the outlet."""

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        if any(isinstance(each, SwitchGroup) for each in commands):
            return replace(super().submit_all(commands, actor), left={1: HELD})
        raise OutletHeld(HELD, 0)


async def posted(caller: Caller, path: str) -> tuple[int, str]:
    runner = web.AppRunner(make_app(Refusing(UNIT), Anybody(caller), SERVICES))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1/{path}?wait_s=0"
        async with ClientSession() as session, session.post(address, json={}) as answer:
            return answer.status, await answer.text()
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("path", "status"), [("outlets/1/on", 409), ("groups/1/on", 200)])
def test_a_refusal_names_no_other_outlet(path: str, status: int) -> None:
    tenant = Grant(Rights.NONE, Rights.NONE, {1: Rights.SWITCH, 2: Rights.SWITCH})
    reader = replace(tenant, unit=Rights.SWITCH)
    for grant in (reader, Grant.everywhere(Rights.SWITCH)):
        caller = Caller(Actor("http", "tenant", "10.0.0.9"), grant)
        found, text = asyncio.run(posted(caller, path))
        assert found == status, text
        assert tells_of(241, text) is grant.reads_everything
