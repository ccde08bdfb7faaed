# SPDX-License-Identifier: Apache-2.0
"""Which meters of a configuration go on from where they were booked."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pdu_agent.app.config.load import load_settings
from pdu_agent.app.hardware import Hardware
from pdu_agent.hw.ports import Resume
from pdu_agent.model.clock import SystemClock

CONFIG = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ""}}
meters: [{{name: rack, driver: ecm1240, port: "{port}", channels: {{ch1: inlet 1}}}}]
"""


@pytest.mark.parametrize(("port", "told"), [("/dev/ttyUSB77", 1), ("sim", 0)])
def test_a_simulated_meter_is_made_with_the_agent_and_goes_on_from_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, port: str, told: int
) -> None:
    """A mark of which no clock tells the age is told where it is looked at."""
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONFIG.format(folder=tmp_path, port=port), encoding="utf-8")
    (tmp_path / "run").mkdir()
    settings = load_settings(file, {})
    mark = Resume("rack ch1 ecm1240", (1, 1, 0, 100, 5, 0), since_s=None)
    ignore = [lambda *_: None] * 4
    with caplog.at_level(logging.WARNING):
        hardware = Hardware(settings, SystemClock(), *ignore, resumes={"inlet 1": mark})
    hardware.stop()
    assert len([row for row in caplog.records if "not booked" in row.getMessage()]) == told
