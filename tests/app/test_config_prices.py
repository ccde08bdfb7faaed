# SPDX-License-Identifier: Apache-2.0
"""The section `prices`, and the file of a price series: what they take, and what is said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from pdu_agent.app.config.changes import needing_restart
from pdu_agent.app.config.load import ConfigErrors, check_file, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.core.costs.money import Price

UNIT = """\
schema: 1
device: {default_tariff: day}
tariffs: [{name: night, from: 22:00, until: 06:00}]
"""


def load(folder: Path, prices: str) -> AgentSettings:
    path = folder / "openpdu.yaml"
    path.write_text(f"{UNIT}prices: {prices}\n", encoding="utf-8")
    return load_settings(path, {})


def complaints(folder: Path, prices: str, series: str | None = None) -> list[str]:
    path = folder / "openpdu.yaml"
    path.write_text(f"{UNIT}prices: {prices}\n", encoding="utf-8")
    if series is not None:
        (folder / "spot.csv").write_text(series, encoding="utf-8")
    found = [str(problem).replace(f"{folder}/", "") for problem in check_file(path, {})]
    return [text for text in found if "snmp.credentials" not in text]


def test_a_price_for_each_tariff_is_kept_as_it_was_written(tmp_path: Path) -> None:
    prices = "{currency: EUR, bands: {day: 0.3125, night: 0.1}, fixed_per_day: 0.45}"
    settings = load(tmp_path, prices).prices.settings
    assert settings.bands == {"day": Price(312_500), "night": Price(100_000)}
    assert settings.fixed_per_day == Price(450_000)
    assert (settings.currency, settings.per_kwh) == ("EUR", None)


def test_without_the_section_there_are_no_prices(tmp_path: Path) -> None:
    assert load(tmp_path, "{}").prices.settings.currency == ""


@pytest.mark.parametrize(
    ("prices", "complaint"),
    [
        ("{per_kwh: 0.3}", "4:9: prices: currency is missing"),
        ("{currency: EUX, per_kwh: 0.3}", "4:9: prices: currency: 'EUX' is no money in use"),
        ("{currency: EUR, per_kwh: 0,3}", "unknown key '3'"),
        ("{currency: EUR, per_kwh: cheap}", "4:34: prices.per_kwh: 'cheap' does not fit; expected"),
        ("{currency: EUR, per_kwh: 1e-3}", "4:34: prices.per_kwh: 1e-3 does not fit"),
        ("{currency: EUR, per_kwh: 1, bands: {nigth: 1}}", "(did you mean night?)"),
        ("{currency: EUR, bands: {night: 0.1}}", "warning: prices: no price for tariff day"),
        ("{currency: EUR, file: spot.csv, per_kwh: 1}", "expected no per_kwh or bands beside"),
        ("{currency: EUR, file: none.csv}", "4:31: prices.file: none.csv cannot be read"),
        ("{currency: EUR, per_kwh: 1, interpolation: cubic}", "expected one of step, linear"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(
    tmp_path: Path, prices: str, complaint: str
) -> None:
    told = complaints(tmp_path, prices)
    assert any(complaint in text for text in told), told


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("2026-03-01 01:00,0.2", "spot.csv:3:1: '2026-03-01 01:00' is no time; expected RFC 3339"),
        ("2026-03-01T01:00:00,0.2", "spot.csv:3:1: '2026-03-01T01:00:00' is no time"),
        ("2026-02-30T01:00:00Z,0.2", "spot.csv:3:1: '2026-02-30T01:00:00Z' is no time"),
        ("2026-03-01T00:00:00Z,0.2", "spot.csv:3:1: 2026-03-01T00:00:00Z is not later than"),
        ("2026-03-01T01:00:00Z, dear", "spot.csv:3:22: 'dear' is no price; expected an amount"),
        ("2026-03-01T01:00:00Z,0,2", "spot.csv:3:1: 3 cells; expected a time and a price"),
        ("", "spot.csv: has 1 prices; expected two at least"),
    ],
)
def test_what_is_wrong_in_the_price_file_is_told_with_its_line_and_column(
    tmp_path: Path, line: str, complaint: str
) -> None:
    series = f"time,price\n2026-03-01T00:00:00Z,0.1\n{line}\n"
    (told,) = complaints(tmp_path, "{currency: EUR, file: spot.csv}", series)
    assert complaint in told


def test_a_price_file_is_read_and_named(tmp_path: Path) -> None:
    (tmp_path / "spot.csv").write_text(
        "time,price\n2026-03-01T00:00:00+01:00,0.1\n2026-03-01T01:00:00+01:00,-0.02\n",
        encoding="utf-8",
    )
    prices = load(tmp_path, "{currency: EUR, file: spot.csv, interpolation: linear}").prices
    assert prices.source == str(tmp_path / "spot.csv")
    assert prices.series is not None
    assert prices.series.mean(1_772_319_600, 1_772_323_200) == Fraction(40_000)


def test_prices_are_taken_on_a_reload(tmp_path: Path) -> None:
    before = load(tmp_path, "{currency: EUR, per_kwh: 0.3}")
    assert needing_restart(before, load(tmp_path, "{currency: EUR, per_kwh: 0.4}")) == []


def test_nothing_is_loaded_from_a_price_file_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "spot.csv").write_text("x\n", encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"spot\.csv:1:1"):
        load(tmp_path, "{currency: EUR, file: spot.csv}")
