# SPDX-License-Identifier: Apache-2.0
"""What `caps` and the trips of outlets may say, and what is told of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.core_settings import core_settings_of
from pdu_agent.model.commands import Quantity


def write(folder: Path, caps: str, outlet: str = "") -> Path:
    text = shipped()
    text = text.replace("caps: []", f"caps:\n{caps}" if caps else "caps: []")
    text = text.replace("{number: 8, relay", "{number: 8, " + outlet + "relay")
    path = folder / "openpdu.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def shipped() -> str:
    return (Path(__file__).parents[2] / "etc" / "openpdu.yaml").read_text(encoding="utf-8")


def complaints(path: Path) -> list[str]:
    return [str(problem) for problem in check_file(path, {}) if "credentials" not in str(problem)]


def test_a_cap_of_the_unit_gets_to_the_core(tmp_path: Path) -> None:
    path = write(tmp_path, "- {number: 1, limit_w: 500, margin: 20}", "trip_above_a: 6, ")
    (cap,) = core_settings_of(load_settings(path, {})).caps
    assert (cap.limit({}), cap.margin_at({}), cap.quantity) == (500, 20, Quantity.ACTIVE_POWER)
    assert load_settings(path, {}).outlets[7].trip_above_a == 6


def test_without_a_margin_it_is_a_twentieth_of_the_limit(tmp_path: Path) -> None:
    path = write(tmp_path, "- {number: 1, target: inlet 1, limit_a: 10}")
    (cap,) = load_settings(path, {}).caps
    assert cap.margin_at({}) == 0.5


@pytest.mark.parametrize(
    ("cap", "text"),
    [
        ("- {number: 1}", "give limit_w or limit_a, one of them"),
        ("- {number: 1, limit_w: 500, limit_a: 2}", "give limit_w or limit_a, one of them"),
        ("- {number: 1, limit_w: 0}", "1"),
        ("- {number: 1, limit_w: -1}", "1"),
        ("- {number: 1, limit_w: 1e9}", "exceeds 1e+06"),
        ("- {number: 1, limit_w: 50, margin: 50}", "a margin of 50 leaves nothing of 50"),
        ("- {number: 1, limit_w: 50, target: outlet 1}", "outlet 1 cannot be capped"),
        ("- {number: 1, limit_w: 50, target: unit 2}", "unit 2 cannot be capped"),
        ("- {number: 1, limit_w: 50, target: branch 3}", "there is no branch 3"),
        ("- {number: 1, limit_w: 5}\n- {number: 1, limit_w: 6}", "given to two entries"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(tmp_path: Path, cap: str, text: str) -> None:
    found = complaints(write(tmp_path, cap))
    assert len(found) == 1, found
    assert "caps[" in found[0]
    assert text in found[0]


def test_an_outlet_without_a_meter_cannot_trip(tmp_path: Path) -> None:
    text = shipped().replace(
        "{number: 8, relay: main.7, receptacle: C13}",
        "{number: 8, relay: main.7, receptacle: C13}\n  - {number: 9, trip_above_a: 6}",
    )
    path = tmp_path / "openpdu.yaml"
    path.write_text(text, encoding="utf-8")
    (found,) = complaints(path)
    assert "nothing in `meters` feeds outlet 9: it cannot trip" in found
