# SPDX-License-Identifier: Apache-2.0
"""docs/energy.md shows what `openpdu cost` and its siblings really answer.

The history is worked out, since a demo has no March behind it: a server, a television that is
watched in the evening, a router, and an hour that nobody measured.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.app.cli import main
from pdu_agent.app.config.load import check_file
from pdu_agent.core.costs.money import Price
from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.settings import PriceList, PriceSettings
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.core.metered.tariffs import ClockTime, TariffPlan, TariffSettings
from pdu_agent.model.snapshot import Device
from pdu_agent.model.terms import Target, TargetKind
from tests.docs.transcripts import commands
from tests.web.fake_agent import make_outlet, make_snapshot, running_agent

PAGE = Path(__file__).parents[2] / "docs" / "energy.md"
ROME = ZoneInfo("Europe/Rome")
NOW_S = datetime(2026, 4, 1, 12, tzinfo=ROME).timestamp()
NIGHT = TariffSettings("night", ClockTime(22 * 60), ClockTime(6 * 60))
PLAN = TariffPlan((NIGHT,), "day", ROME)
UNSEEN_S = datetime(2026, 3, 10, 4, tzinfo=ROME).timestamp()


def draw(target: Target, at_s: int) -> float | None:
    if UNSEEN_S <= at_s < UNSEEN_S + 3600:
        return None
    moment = datetime.fromtimestamp(at_s, ROME)
    watched = 19 <= moment.hour < 23 or (moment.weekday() > 4 and moment.hour >= 14)
    outlets = [62.0 + moment.hour % 3, 95.0 if watched else 4.0, 9.0]
    if target.kind is TargetKind.INLET:
        return sum(outlets) + 3.5 if target.index == 1 else None
    return outlets[target.index - 1]


def test_every_command_of_the_page_answers_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("server", "television", "router")
    outlets = tuple(make_outlet(n, name=name) for n, name in enumerate(names, start=1))
    device = Device("rack", "", "", "", "", "", "", 0.25, 0.0, time_zone="Europe/Rome")
    snapshot = make_snapshot(t_wall_s=NOW_S, outlets=outlets, device=device, groups=())
    snapshot = make_snapshot(
        t_wall_s=NOW_S, outlets=outlets, device=device, groups=(), inlets=snapshot.inlets[:1]
    )
    bands = {"day": Price(312_500), "night": Price(218_000)}
    settings = PriceSettings(currency="EUR", bands=bands, fixed_per_day=Price(450_000))
    documented = list(commands(PAGE.read_text(encoding="utf-8")))
    assert len(documented) >= 4
    monkeypatch.chdir(tmp_path)
    with running_agent(tmp_path, snapshot) as agent:
        agent.costs = CostTerms(Prices(PriceList(settings), "day"), PLAN, ROME)
        agent.history.draw, agent.history.until_s = draw, NOW_S
        agent.history.tariff = lambda at_s: PLAN.at_end_of(at_s + 3600)
        monkeypatch.setenv("OPENPDU_SOCKET", str(agent.socket_path))
        for command, output in documented:
            first, _, then = command.partition(" | ")
            assert main(shlex.split(first)[1:]) == 0
            shown = capsys.readouterr().out
            if then:
                assert then == "head -3"
                shown = "\n".join(shown.splitlines()[:3])
            assert output == shown.strip(), command


def test_the_configuration_of_the_page_is_taken_by_the_checker(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in text.split("```yaml\n")[1:]]
    assert blocks
    for block in blocks:
        path = tmp_path / "openpdu.yaml"
        spot = "time,price\n2026-03-01T00:00:00+01:00,0.1\n2026-03-01T01:00:00+01:00,0.2\n"
        (tmp_path / "spot.csv").write_text(spot, encoding="utf-8")
        path.write_text(f"schema: 1\n{block}", encoding="utf-8")
        told = [str(each) for each in check_file(path, {})]
        assert not [each for each in told if "snmp.credentials" not in each]
