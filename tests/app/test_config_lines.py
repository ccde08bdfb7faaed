# SPDX-License-Identifier: Apache-2.0
"""The configuration of lines, residual currents and tariffs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import ConfigErrors, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.core.metered.tariffs import ClockTime, TariffSettings, Weekday
from pdu_agent.core.settings import LineSettings

LINES = "lines: [{number: 1, line: l1}, {number: 2, line: l2}]\n"
METERED = (
    "meters:\n"
    "  - name: house\n"
    "    driver: ecm1240\n"
    "    port: /dev/ttyS0\n"
    "    channels: {ch1: line 1, ch2: line 2, aux1: residual 1}\n"
)
LIMITS = "thresholds: [{target: inlet 1, quantity: QUANTITY, high_warning: 0.006}]\n"


def load(folder: Path, text: str) -> AgentSettings:
    path = folder / "openpdu.yaml"
    path.write_text("schema: 1\n" + text, encoding="utf-8")
    return load_settings(path, {})


def test_lines_are_read(tmp_path: Path) -> None:
    settings = load(tmp_path, LINES + METERED)
    assert settings.lines == (LineSettings(1, line="l1"), LineSettings(2, line="l2"))


@pytest.mark.parametrize("quantity", ["residual current", "imbalance", "demand", "voltage"])
def test_an_inlet_that_is_the_sum_of_lines_can_be_watched(tmp_path: Path, quantity: str) -> None:
    assert load(tmp_path, LINES + METERED + LIMITS.replace("QUANTITY", quantity)).thresholds


def test_tariffs_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "device: {time_zone: Europe/Berlin}\n"
        "tariffs:\n"
        "  - {name: night, from: 22:00, until: 06:00, days: [mon, sun]}\n"
        "  - {name: all}\n",
    )
    assert settings.tariffs == (
        TariffSettings("night", ClockTime(22 * 60), ClockTime(6 * 60), (Weekday.MON, Weekday.SUN)),
        TariffSettings("all", ClockTime(0), ClockTime(24 * 60)),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lines: [{number: 1}]\n", "line is missing; expected one of l1, l2, l3"),
        ("lines: [{number: 25, line: l1}]\n", "25 exceeds 24"),
        ("lines: [{number: 1, line: l1, inlet: 2}]\n", "lines[0].inlet: there is no inlet 2"),
        (
            "lines: [{number: 1, line: l1}, {number: 2, line: l1}]\n",
            "lines[1].line: l1 of inlet 1 is there already; the first is at",
        ),
        (
            "lines: [{number: 1, line: l1}, {number: 1, line: l2}]\n",
            "lines[1].number: 1 is given to two entries",
        ),
        (LINES + METERED.replace("line 2", "line 3"), "there is no line 3"),
        (LINES + METERED.replace("residual 1", "residual 2"), "there is no inlet 2"),
        (
            LINES + METERED + LIMITS.replace("QUANTITY", "current").replace("inlet", "residual"),
            "give the target as inlet 1, quantity residual current",
        ),
        (LIMITS.replace("QUANTITY", "residual current"), "nothing in `meters` feeds inlet 1"),
        (
            METERED.replace("line 2", "inlet 1").replace("line 1, ", "outlet 1, ")
            + "outlets: [{number: 1}]\n"
            + LIMITS.replace("QUANTITY", "imbalance"),
            "inlet 1 has no imbalance to watch",
        ),
        ("tariffs: [{name: a, from: 24:01}]\n", "a time of day, from 00:00 to 24:00"),
        ("tariffs: [{name: a, begin: 22:00}]\n", "unknown key 'begin'"),
        ("tariffs: [{name: a, days: [monday]}]\n", "expected one of mon, tue"),
        ("device: {time_zone: Mars/Base}\n", "this system knows no time zone 'Mars/Base'"),
        ("device: {time_zone: ../etc}\n", "this system knows no time zone '../etc'"),
        ("device: {demand_window_s: 30}\n", "30 is below 60"),
    ],
)
def test_a_contradiction_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigErrors) as found:
        load(tmp_path, text)
    errors = [line for line in found.value.problems if ": warning: " not in line]
    assert len(errors) == 1, errors
    assert complaint in errors[0]
