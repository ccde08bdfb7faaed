# SPDX-License-Identifier: Apache-2.0
"""Fans in the running agent: configured, kept, shown, and left at full speed when it stops."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.app.agent import Agent, Occasion
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.schema import FanEntry
from pdu_agent.app.cooling import fan_keeper, fans_of
from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.hw.hwmon_fan import HwmonFanSettings
from pdu_agent.hw.sim.fans import SimHwmonFan, SimMotor
from pdu_agent.model.snapshot import SensorStatus

FILE = """
schema: 1
fans:
  - {number: 2, name: back, driver: hwmon, chip: pwmfan, duty_percent: 60, min_rpm: 800}
  - {number: 3, driver: emc2101, bus: /dev/i2c-1, inverted: true}
"""
_CURVED = "- {{number: 4, driver: hwmon, chip: x, sensor: {}, curve: {}}}"
SENSORS = """
sensors:
  - {number: 6, driver: ds18b20, path: /tmp/a}
  - {number: 7, driver: sht3x, bus: /dev/i2c-1, kind: humidity}
"""


def test_fans_of_the_file_reach_the_core(tmp_path: Path) -> None:
    path = tmp_path / "openpdu.yaml"
    path.write_text(FILE + "simulator: {speed: 10}\n", encoding="utf-8")
    settings = load_settings(path, {"OPENPDU_FANS_3_INTERVAL_S": "4"})
    back, third = fans_of(settings)
    assert (back.number, back.name, back.duty_percent, back.min_rpm) == (2, "back", 60, 800)
    assert (third.duty_percent, third.min_rpm) == (100, None)
    assert (back.interval_s, third.interval_s) == (20, 40)  # in simulated seconds
    assert settings.fans[1].options.inverted


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("- {number: 9, driver: hwmon, chip: x}", "number"),
        ("- {number: 2, driver: hwmon, chip: x}", "2 is given to two entries"),
        ("- {number: 4, driver: hwmon}", "chip"),
        ("- {number: 4, driver: hwmonn, chip: x}", "did you mean 'hwmon'"),
        ("- {number: 4, driver: hwmon, chip: x, duty_percent: 101}", "duty_percent"),
        (_CURVED.format(9, "[[25, 30], [45, 100]]"), "fans[2].sensor: there is no sensor 9"),
        (_CURVED.format(7, "[[25, 30], [45, 100]]"), "measures humidity, not temperature"),
        (_CURVED.format(6, "[[25, 30], [45]]"), "expected two corners or more"),
        (_CURVED.format(6, "[[25, 30], [hot, 40]]"), "fans[2].curve[1][0]: 'hot' is not a number"),
        (_CURVED.format(6, "[25, 30]"), "fans[2].curve[0]: 25; expected a list"),
    ],
)
def test_a_wrong_fan_is_refused_by_its_line(tmp_path: Path, wrong: str, text: str) -> None:
    path = tmp_path / "openpdu.yaml"
    path.write_text(f"{FILE}  {wrong}\n{SENSORS}", encoding="utf-8")
    problems = [problem for problem in check_file(path, {}) if not problem.warning]
    assert problems
    assert any(text in problem.text for problem in problems)


@pytest.mark.parametrize(
    "how",
    [
        {"duty_percent": 40.0},
        {"sensor": 1, "curve": ((-40.0, 40.0), (125.0, 40.0)), "interval_s": 0.05},
    ],
    ids=["fixed", "by the demo's sensor"],
)
def test_a_fan_is_kept_shown_and_left_at_full_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    monkeypatch.setattr("sys.setswitchinterval", lambda _: None)  # these two are for good
    monkeypatch.setattr("gc.freeze", lambda: None)
    sim = SimHwmonFan(tmp_path / "hwmon", SimMotor(3000.0))
    options = HwmonFanSettings("pwmfan", path=str(tmp_path / "hwmon"))
    fan = FanEntry(number=1, driver="hwmon", options=options, **how)
    demo = DemoOptions(outlets=2, snmp="127.0.0.1:0", http="127.0.0.1:0")
    settings = demo_settings(demo, tmp_path / "state", tmp_path / "run")

    async def one_run() -> float:
        agent = Agent(replace(settings, fans=(fan,)), Occasion())
        await agent.start()
        assert agent._runtime is not None
        deadline_s = time.monotonic() + 8
        while time.monotonic() < deadline_s:
            (shown,) = agent._runtime.core.snapshot.fans
            if shown.status is SensorStatus.OK and 0.39 < sim.share < 0.41:
                break
            await asyncio.sleep(0.01)
        assert (shown.status, shown.duty_percent) == (SensorStatus.OK, 40)
        share = sim.share
        await agent.stop()
        return share

    assert asyncio.run(one_run()) == pytest.approx(0.4, abs=0.01)
    assert sim.share == 1


def test_no_fans_need_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "openpdu.yaml"
    path.write_text("schema: 1\n", encoding="utf-8")
    keeper = fan_keeper(load_settings(path, {}), None, None, None)  # type: ignore[arg-type]
    keeper.start()
    keeper.stop()
