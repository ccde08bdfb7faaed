# SPDX-License-Identifier: Apache-2.0
"""What `openpdu schedule simulate` prints is what a core does that is driven second by second."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.app import cli
from pdu_agent.app.rehearsal import Movement, Rehearsal
from pdu_agent.core.calendar.settings import PresenceSettings, SunEvent
from pdu_agent.core.metered.tariffs import ClockTime, Weekday
from pdu_agent.core.plans.settings import PlanSettings, PlanWhen
from pdu_agent.core.settings import (
    CoreSettings,
    DeviceSettings,
    GroupSettings,
    InletSettings,
    OutletSettings,
    RelayRef,
)

ROME = ZoneInfo("Europe/Rome")
START_S = datetime(2026, 3, 28, tzinfo=ROME).timestamp()
DAYS = 2

CONFIG = """\
schema: 1
device: {time_zone: Europe/Rome}
relays: [{name: main, driver: mcp23008, bus: sim}]
outlets: [{number: 1, relay: main.0, name: lamp}, {number: 2, relay: main.1}]
plans:
  - {name: night, outlets: [1], action: off, at: [02:30]}
  - {name: morning, all: true, action: on, at: [07:00]}
  - {name: guarded, outlets: [2], action: off, at: [12:00], conditions: {load_below_w: 5}}
"""


def a_random_unit(seed: int) -> CoreSettings:
    chance = random.Random(seed)
    outlets = tuple(
        OutletSettings(n, relay=RelayRef("main", n - 1), min_off_s=chance.choice((0, 45)))
        for n in range(1, 7)
    )
    plans = tuple(_a_plan(number, chance) for number in range(8))
    device = DeviceSettings(sequence_interval_s=2.0, latitude=41.9, longitude=12.5)
    groups = (GroupSettings(1, outlets=(2, 5, 3), gap_s=30),)
    return CoreSettings(
        device, (InletSettings(),), outlets, groups=groups, time_zone=ROME, plans=plans
    )


def _a_plan(number: int, chance: random.Random) -> PlanSettings:
    times = tuple(ClockTime(minute) for minute in chance.sample(range(0, 1440, 30), 2))
    days = tuple(chance.sample(tuple(Weekday), 4))
    when = [
        PlanWhen(at=times, days=days),
        PlanWhen(at=times, random_s=600, seed=number),
        PlanWhen(cron=f"{chance.randrange(60)} */7 * * *"),
        PlanWhen(sun=SunEvent.SUNSET, offset_s=-900),
        PlanWhen(presence=PresenceSettings(begin=ClockTime(1080), until=ClockTime(1380))),
    ][number % 5]
    action = "" if when.presence else chance.choice(("on", "off", "reboot"))
    plan = PlanSettings(
        name=f"plan-{number}",
        outlets=tuple(chance.sample(range(1, 7), 2)),
        action=action,
        when=when,
    )
    if number == 5:
        plan = replace(plan, outlets=(), group=1)
    return plan


def trace(movements: list[Movement]) -> list[tuple[int, int, bool, str]]:
    return [(round(m.wall_s), m.outlet, m.closed, str(m.actor)) for m in movements]


@pytest.mark.parametrize("seed", [1, 2])
def test_from_deadline_to_deadline_is_as_second_by_second(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pdu_agent.core.keeper.SAVE_INTERVAL_S", 3600.0)  # takes most of the time
    settings = a_random_unit(seed)
    fast = Rehearsal(settings, START_S)
    fast.run(DAYS * 86400)
    slow = Rehearsal(settings, START_S)
    for _ in range(DAYS * 86400):
        slow.clock.advance(1.0)
        slow.tick()
    assert len(fast.movements) > 20
    assert trace(slow.movements) == trace(fast.movements)


def simulated(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["schedule", "simulate", *arguments]) == 0
    return capsys.readouterr().out


def test_the_night_of_dst_is_printed_with_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    span = ("--from", "2026-03-28", "--days", "2", "--config", str(file))
    lines = simulated(capsys, *span).splitlines()
    assert [" ".join(line.split()[:3]) for line in lines[1:]] == [
        "2026-03-28 02:30 CET",
        "2026-03-28 07:00 CET",
        "2026-03-29 03:00 CEST",
        "2026-03-29 07:00 CEST",
    ]
    assert "outlet 1 lamp off" in " ".join(lines[1].split())
    assert lines[1].endswith("schedule night (due 2026-03-28 02:30 CET)")
    moves = json.loads(simulated(capsys, *span, "--json", "--outlet", "1"))["moves"]
    assert [(move["outlet"], move["state"]) for move in moves] == [
        (1, "off"),
        (1, "on"),
        (1, "off"),
        (1, "on"),
    ]
    assert simulated(capsys, *span, "--outlet", "2") == "no relay would move\n"


def test_days_before_plans_were_made_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    assert cli.main(["schedule", "simulate", "--from", "1999-01-01", "--config", str(file)]) == 78
    assert "1999-01-01: plans are made for 2025 and later" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["schedule", "simulate", "--days", "9999", "--config", str(file)])


def test_two_hundred_plans_of_64_outlets_cost_next_to_nothing() -> None:
    """A tick with nothing due; 1 % of a core is 10 ms of each second."""
    outlets = tuple(OutletSettings(n, relay=RelayRef("main", n - 1)) for n in range(1, 65))
    plans = tuple(
        PlanSettings(
            name=f"p{n}",
            outlets=(n % 64 + 1,),
            action=("on", "off")[n % 2],
            when=PlanWhen(at=(ClockTime(n * 7 % 1440),)),
        )
        for n in range(200)
    )
    settings = CoreSettings(
        DeviceSettings(), (InletSettings(),), outlets, time_zone=ROME, plans=plans
    )
    dry = Rehearsal(settings, START_S + 86400 * 0.25 + 30)
    engines = dry.core._parts.control._engines
    began_s = time.process_time()
    for _ in range(1000):
        for engine in engines:
            list(engine.tick())
            engine.next_due_s()
    assert (time.process_time() - began_s) / 1000 < 0.001


def test_today_is_where_a_simulation_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    assert str(date.today().year) in simulated(capsys, "--config", str(file))
