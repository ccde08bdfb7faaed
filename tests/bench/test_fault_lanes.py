# SPDX-License-Identifier: Apache-2.0
"""What bench/faults.py plays: every simulated driver, in scripts that can be played."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.app.config.load import load_settings
from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.script_file import load_script
from pdu_agent.app.simulated import entries_of, layout_of, relays_of
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.catalogue import SIMULATORS
from pdu_agent.model.clock import ManualClock

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_is_importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Its scripts import each other as scripts do."""
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    for script in BENCH.glob("*.py"):
        sys.modules.pop(script.stem, None)


def test_every_simulated_driver_is_played() -> None:
    import strip_faults  # type: ignore[import-not-found]

    played = {
        (entry.kind, entry.driver)
        for configuration in strip_faults.CONFIGURATIONS
        for entry in entries_of(load_settings(configuration, {}))
    }
    assert played == {(kind, name) for kind, names in SIMULATORS.items() for name in names}


def test_its_scripts_can_be_played(tmp_path: Path) -> None:
    import faults  # type: ignore[import-not-found]
    import strip_faults

    plays = [(demo_settings(DemoOptions(), tmp_path, tmp_path), faults.DEMO, ())]
    for configuration in strip_faults.CONFIGURATIONS:
        settings = replace(load_settings(configuration, {}), runtime_dir=tmp_path)
        known = strip_faults.preparation(configuration)
        plays.append((settings, strip_faults.lanes(configuration), known))
    for settings, lanes, known in plays:
        clock = ManualClock()
        board = SimulatedBoard(
            layout_of(settings),
            relays_of(settings),
            entries_of(settings),
            clock,
            clock.advance,
            tmp_path,
        )
        file = tmp_path / "script.yaml"
        file.write_text(faults.script_of(lanes, known), encoding="utf-8")
        assert len(load_script(str(file), board).steps) >= 4 * sum(
            len(lane.faults) for lane in lanes
        )
        assert len({lane.name for lane in lanes}) == len(lanes)
        board.close()
