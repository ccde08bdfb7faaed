# SPDX-License-Identifier: Apache-2.0
"""Exports: into numpy and back without loss, with units and labels, and gaps that stay gaps."""

from __future__ import annotations

import csv
import http.client
import io
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.settings import PriceList
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.core.metered.tariffs import TariffPlan
from pdu_agent.model.terms import Target, TargetKind
from tests.web.fake_agent import FakeController, RunningAgent, running_agent
from tests.web.fake_history import FakeHistory, break_at_third_curve

BEGIN_S = 1_772_668_800  # 2026-03-05T00:00:00Z
QUARTERS = 96
GAP = range(BEGIN_S + 10 * 3600, BEGIN_S + 11 * 3600, 900)
OUTLET_2 = Target(TargetKind.OUTLET, 2)


def draw(target: Target, at_s: int) -> float | None:
    """A ramp of a quarter watt each quarter of an hour, with a gap of an hour at 10."""
    if target != OUTLET_2 or at_s in GAP:
        return None
    return (at_s - BEGIN_S) / 3600


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("export")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    utc = ZoneInfo("UTC")
    prices = Prices(PriceList(), "standard")
    running.costs = CostTerms(prices, TariffPlan((), "standard", utc), utc)
    vars(running.history).update(vars(FakeHistory(draw)))
    return running


def export(agent: RunningAgent, query: str) -> bytes:
    answer = agent.local("GET", f"/api/v1/export?day=2026-03-05&{query}")
    assert answer.status == 200, answer.body
    return answer.body


def named(agent: RunningAgent, name: str) -> None:
    controller: FakeController = agent.controller
    outlets = controller.snapshot.outlets
    renamed = tuple(replace(row, name=name) if row.index == 2 else row for row in outlets)
    controller._snapshot = replace(controller.snapshot, outlets=renamed)


def test_npz_comes_back_in_numpy_with_labels_and_nan_for_gaps(agent: RunningAgent) -> None:
    body = export(agent, "format=npz&quantity=active_power_w")
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        times, values = file["time"], file["outlet_2_active_power_w"]
        (label,) = json.loads(file["labels.json"])
    assert times.dtype == np.int64
    assert times.tolist() == list(range(BEGIN_S, BEGIN_S + 86_400, 900))
    assert values.shape == (QUARTERS, 4)
    expected = [draw(OUTLET_2, each) for each in times.tolist()]
    average = values[:, label["columns"].index("average")]
    assert [None if math.isnan(each) else each for each in average.tolist()] == expected
    assert (label["unit"], label["number"], label["step_s"]) == ("W", 2, 900)


def test_csv_and_json_lines_tell_the_same(agent: RunningAgent) -> None:
    rows = list(csv.DictReader(io.StringIO(export(agent, "format=csv").decode(), newline="")))
    lines = [json.loads(line) for line in export(agent, "format=jsonl").splitlines()]
    assert len(rows) == len(lines) == QUARTERS
    for row, line, at_s in zip(rows, lines, range(BEGIN_S, BEGIN_S + 86_400, 900), strict=True):
        value = draw(OUTLET_2, at_s)
        assert line["average"] == value
        assert row["average"] == ("" if value is None else str(line["average"]))
        assert row["time"] == line["time"]
        assert datetime.fromisoformat(line["time"]).timestamp() == at_s
        assert (line["target"], line["unit"], line["name"]) == ("outlet 2", "W", "<b>db</b> & café")


@pytest.mark.parametrize("name", ["=1+1", "+49", "-x", "@SUM(A1)", "\tx"])
def test_a_name_is_no_formula_in_a_spreadsheet(agent: RunningAgent, name: str) -> None:
    named(agent, name)
    rows = list(csv.DictReader(io.StringIO(export(agent, "format=csv").decode(), newline="")))
    assert {row["name"] for row in rows} == {f"'{name}"}
    line = json.loads(export(agent, "format=jsonl").splitlines()[0])
    assert line["name"] == name


def test_energy_is_exported_hour_by_hour_and_a_gap_has_no_value(agent: RunningAgent) -> None:
    lines = [
        json.loads(line)
        for line in export(agent, "what=energy&format=jsonl&target=outlet:2").splitlines()
    ]
    assert len(lines) == 24
    assert [line["value"] for line in lines].count(None) == 1
    assert lines[10]["value"] is None
    assert lines[4]["energy_mj"] == 4.375 * 3_600_000
    assert lines[4]["value"] == 4.375 / 1000
    body = export(agent, "what=energy&format=npz&target=outlet:2")
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        values = file["outlet_2_energy"]
    assert values.shape == (24,)
    assert np.isnan(values).tolist() == [hour == 10 for hour in range(24)]
    assert values[4] == 0.004375


def test_a_long_export_comes_in_pieces(agent: RunningAgent) -> None:
    answer = agent.local(
        "GET", "/api/v1/export?from=2026-03-01&to=2026-03-09&format=jsonl&step_s=60"
    )
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.body.count(b"\n") == 9 * 1440


def test_what_breaks_off_is_not_taken_for_whole(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_at_third_curve(monkeypatch)
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        agent.local("GET", "/api/v1/export?from=2026-01-01&to=2026-03-31&format=csv")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("format=xls", "expected one of csv, jsonl, npz"),
        ("what=all", "expected one of curves, energy"),
        ("step_s=7", "expected one of 1, 10, 60, 900, 86400"),
        ("quantity=watts", "quantity: 'watts'"),
        ("what=energy&step_s=60", "step_s: is of curves"),
        ("step_s=1&from=2025-01-01&to=2026-01-01", "expected 5000000 in all"),
    ],
)
def test_what_makes_no_sense_is_refused(agent: RunningAgent, query: str, text: str) -> None:
    answer = agent.local("GET", f"/api/v1/export?{query}")
    assert answer.status == 422
    assert text in answer.json["detail"]


def test_a_history_that_does_not_answer_is_said_before_anything_is_sent(
    agent: RunningAgent,
) -> None:
    agent.history.trouble = "the card is gone"
    answer = agent.local("GET", "/api/v1/export?day=2026-03-05")
    assert answer.status == 503
    assert "the card is gone" in answer.json["detail"]
