# SPDX-License-Identifier: Apache-2.0
"""Times of plans are those of where the unit stands, wherever it is asked from."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from pdu_agent.app.commands import schedule
from pdu_agent.app.commands.unit_time import unit_time, unit_zone

DUE = "2027-01-15T01:30:00.000Z"


class FakeAgent:
    """Answers as a unit in this time zone."""

    def __init__(self, zone: str) -> None:
        self._answers: dict[str, dict[str, Any]] = {
            "device": {"time_zone": zone},
            "plans": {
                "plans": [
                    {
                        "name": "night",
                        "when": "at 07:00",
                        "action": "off",
                        "outlets": [1],
                        "next_at": DUE,
                        "enabled": True,
                        "outcome": "",
                    }
                ]
            },
            "schedule/next?count=20": {
                "next": [{"at": DUE, "source": "plan night", "action": "off", "outlets": [1]}]
            },
            "outlets/1/timer": {
                "changed": True,
                "outlet": {
                    "number": 1,
                    "name": "nas",
                    "next_change": {"source": "countdown", "at": DUE},
                },
            },
        }

    def get(self, resource: str) -> Any:
        return self._answers[resource]

    def post(self, resource: str, _body: object) -> Any:
        return self._answers[resource]


def said(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *words: str,
    zone: str = "Asia/Kolkata",
) -> str:
    monkeypatch.setattr(schedule, "agent_of", lambda _arguments: FakeAgent(zone))
    parser = argparse.ArgumentParser()
    schedule.add_parsers(parser.add_subparsers())
    arguments = parser.parse_args(words)
    assert arguments.run(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("schedule",), "2027-01-15 07:00 +0530"),
        (("schedule", "next"), "2027-01-15 07:00:00 +0530"),
        (("timer", "1", "off", "30m"), "at 2027-01-15 07:00:00 +0530"),
    ],
)
def test_schedules_and_timers_tell_the_units_time(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    shown: str,
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert shown in said(monkeypatch, capsys, *words)


def test_a_zone_that_this_machine_does_not_know_is_told_in_utc() -> None:
    zone = unit_zone(FakeAgent("Mars/Olympus"))  # type: ignore[arg-type]
    assert unit_time(DUE, zone) == "2027-01-15 01:30:00 UTC"
