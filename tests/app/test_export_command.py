# SPDX-License-Identifier: Apache-2.0
"""`openpdu export` and `openpdu purge` against the real web server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pdu_agent.app.cli import main
from tests.web.fake_agent import RunningAgent, running_agent
from tests.web.fake_history import break_at_third_curve

FEBRUARY = ["--from", "2026-02-01", "--to", "2026-02-28"]


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as agent:
        monkeypatch.setenv("OPENPDU_SOCKET", str(agent.socket_path))
        yield agent


def test_an_export_into_a_file_is_read_by_numpy(agent: RunningAgent, tmp_path: Path) -> None:
    file = tmp_path / "february.npz"
    assert main(["export", *FEBRUARY, "--format", "npz", "--output", str(file)]) == 0
    with np.load(file, allow_pickle=False) as found:
        assert found["outlet_2_active_power_w"].shape == (28 * 96, 4)


def test_an_export_that_breaks_off_leaves_no_file(
    agent: RunningAgent,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    break_at_third_curve(monkeypatch)
    file = tmp_path / "february.csv"
    assert main(["export", *FEBRUARY, "--output", str(file)]) == 1
    assert "the answer breaks off" in capsys.readouterr().err
    assert not list(tmp_path.glob("february*"))


def test_what_the_agent_refuses_is_told(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--month", "2026-13"]) == 2
    assert "month: '2026-13' is none" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_told(
    agent: RunningAgent, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *FEBRUARY, "--output", str(tmp_path / "no" / "x.csv")]) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_purge_tells_with_a_dry_run_and_takes_without(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["purge", *FEBRUARY, "--dry-run"]) == 0
    assert capsys.readouterr().out == "120 values and 2 hours of energy would go.\n"
    assert [dry_run for _, dry_run in agent.history.purged] == [True]
    assert main(["purge", *FEBRUARY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"] == 120
    assert [dry_run for _, dry_run in agent.history.purged] == [True, True, False]


@pytest.mark.parametrize("option", ["--target", "--quantity"])
def test_purge_takes_nothing_away_for_a_word_that_is_empty(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert main(["purge", *FEBRUARY, option, ""]) == 2
    assert f"{option[2:]}: " in capsys.readouterr().err
    assert agent.history.purged == []
