# SPDX-License-Identifier: Apache-2.0
"""What `openpdu check` says of a front panel that cannot work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.hw import display_library
from pdu_agent.hw.hd44780 import Hd44780Display
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.model.errors import ChipNotFound
from pdu_agent.model.io_line import IoLine

GOOD = """\
schema: 1
relays:
  - {name: main, driver: mcp23008, bus: sim, address: 0x20}
outlets:
  - {number: 1, relay: main.0}
  - {number: 2}
io:
  - {name: panel, driver: gpio}
  - {name: front, driver: pcf8574, bus: /dev/i2c-1, address: 0x38}
  - {name: wide, driver: mcp23017, bus: /dev/i2c-1, address: 0x26}
buttons:
  - {input: panel.17, outlet: 1}
leds:
  - {output: front.0, outlet: 1}
  - {output: front.1, shows: alarm}
sensors:
  - {number: 1, kind: water, driver: contact, input: front.2, normally_closed: true}
"""


def complaints(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(problem) for problem in check_file(path, {}) if not problem.warning]


def test_panel_is_read_as_written(tmp_path: Path):
    assert complaints(tmp_path, GOOD) == []
    settings = load_settings(tmp_path / "c.yaml", {})
    assert [entry.name for entry in settings.io] == ["panel", "front", "wide"]
    assert settings.buttons[0].input == IoLine("panel", 17)
    assert settings.buttons[0].hold_s == 1.5
    assert (settings.leds[0].outlet, settings.leds[1].shows) == (1, "alarm")
    assert settings.sensors[0].options.normally_closed is True


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("panel.17", "panle.17", "no board in `io` is called 'panle' (did you mean panel?)"),
        ("panel.17", "17", "expected a board of `io` and its line counted from 0"),
        ("front.0", "front.8", "board 'front' has lines 0 to 7, not 8"),
        ("panel.17", "wide.7", "line 7 of an mcp23017 is an output only"),
        ("front.1,", "front.0,", "front.0 is used twice; the first is at"),
        ("front.2", "front.1", "front.1 is used twice"),
        ("panel.17, outlet: 1", "panel.17, outlet: 9", "there is no outlet 9"),
        ("panel.17, outlet: 1", "panel.17, outlet: 2", "outlet 2 has no relay to switch"),
        ("front.0, outlet: 1", "front.0, outlet: 9", "there is no outlet 9"),
        (", shows: alarm", "", "give either `outlet`, or `shows: alarm`"),
        ("shows: alarm", "shows: alarm, outlet: 1", "give either `outlet`, or `shows: alarm`"),
        ("name: front", "name: panel", "'panel' is given to two entries"),
        ("0x38", "0x30", "expected 0x20 to 0x27, or 0x38 to 0x3f"),
        ("outlet: 1}\nleds", "outlet: 1, hold_s: 0.1}\nleds", "0.1 is below 0.5"),
        ("kind: water", "kind: humidity", "driver contact gives no humidity"),
        ("driver: gpio", "driver: gpoi", "did you mean 'gpio'?"),
    ],
)
def test_what_cannot_work_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, complaint: str
):
    assert old in GOOD
    found = complaints(tmp_path, GOOD.replace(old, new, 1))
    assert any(complaint in text for text in found), found
    assert all("c.yaml:" in text for text in found)


def test_missing_library_of_a_display_is_a_warning_and_an_alarm_but_no_reason_not_to_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(display_library.importlib.util, "find_spec", lambda name: None)
    text = GOOD + "displays:\n  - {name: lcd, driver: hd44780, bus: /dev/i2c-1}\n"
    path = tmp_path / "openpdu.yaml"
    path.write_text(text, encoding="utf-8")
    said = "needs the Python package RPLCD, .* openpdu\\[display\\]"
    found = [str(p) for p in check_file(path, {}) if p.warning and "package" in p.text]
    assert len(found) == 1
    assert re.search(said, found[0])
    (entry,) = load_settings(path, {}).displays
    display = Hd44780Display(SimI2cBus({}), entry.options)
    with pytest.raises(ChipNotFound, match=said):
        display.open()


def test_library_inside_a_package_that_is_missing_is_missing_too():
    assert "nothing.at.all" in display_library.missing(("nothing.at.all", "nothing.at.all"))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("driver: hd44780, bus: /dev/i2c-1, columns: 18", "expected 16 x 2, 20 x 2"),
        (
            "driver: hd44780, bus: /dev/i2c-1, address: 0x30",
            "expected 0x20 to 0x27, or 0x38 to 0x3f",
        ),
        ("driver: ssd1306, bus: /dev/i2c-1, height: 48", "expected 32 or 64"),
        ("driver: sh1106, bus: /dev/i2c-1, height: 32", "expected 64"),
    ],
)
def test_display_that_is_not_made_is_refused(tmp_path: Path, entry: str, complaint: str):
    (found,) = complaints(tmp_path, GOOD + f"displays:\n  - {{name: lcd, {entry}}}\n")
    assert complaint in found
