# SPDX-License-Identifier: Apache-2.0
"""`openpdu calibrate` with a person at the terminal, on a strip whose parts are off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.app.config.calibration import CalibrationFile, read
from pdu_agent.app.config.tree import Problems
from tests.app.uncalibrated import CONVERTER

# An outlet without a relay is always on.
WIRED = """\
    currents: [{channel: 2, feeds: inlet 1}, {channel: 3}, {channel: 4, feeds: outlet 5}]
    residuals: [{inlet: 1, channels: [2, 3]}]
outlets: [{number: 5}]
"""
HEATER = "- load: {of: outlet 5, watts: 2000}\n"
NOTHING = "- load: {of: outlet 5, unplug: true}\n"
HEATER_A = "8.6957"


class Person:
    """Answers one question after the other; what is in braces is done to the bench first."""

    def __init__(self, bench: Path, answers: Sequence[str]) -> None:
        self._bench = bench
        self._answers: Iterator[str] = iter(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        answer = next(self._answers, None)
        if answer is None:
            raise EOFError
        for name, script in (("{heater}", HEATER), ("{nothing}", NOTHING)):
            if answer.startswith(name):
                self._bench.write_text(script, encoding="utf-8")
                answer = answer.removeprefix(name)
        return answer


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONVERTER.format(folder=tmp_path) + WIRED, encoding="utf-8")
    (tmp_path / "loads.yaml").write_text(HEATER, encoding="utf-8")
    (tmp_path / "run").mkdir(mode=0o700)
    return file


def guided(
    config: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str], answers: Sequence[str]
) -> tuple[int, Person]:
    person = Person(config.parent / "loads.yaml", answers)
    monkeypatch.setattr("builtins.input", person)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    return main(["calibrate", *words, "--config", str(config), "--seconds", "2"]), person


def kept(config: Path) -> CalibrationFile:
    found = read(config.parent / "calibration.yaml", Problems())
    assert found is not None
    return found[0]


def test_guide_walks_through_every_channel_and_sum_and_each_can_be_skipped(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    voltage = ["", "", "230", "y", ""]
    outlet = ["", "{nothing}", "y", "{heater}", HEATER_A, "", "y", "2000 w", ""]
    answers = [*voltage, "s", "s", *outlet, "", "", "", "y"]
    code, person = guided(config, monkeypatch, ["chip1", "--reference", "by hand"], answers)
    assert code == exits.OK
    steps = [question.split(":")[0].strip() for question in person.asked if " of 5]" in question]
    assert steps == [
        "[1 of 5] meter chip1 channel 1, mains voltage",
        "[2 of 5] meter chip1 channel 2, inlet 1",
        "[3 of 5] meter chip1 channel 3, conductor",
        "[4 of 5] meter chip1 channel 4, outlet 5",
        "[5 of 5] residual current of inlet 1",
    ]
    file = kept(config)
    assert [entry.channel for entry in file.channels] == [1, 4]
    outlet_5 = file.channels[1]
    assert outlet_5.reference == "by hand"
    assert outlet_5.noise_floor == pytest.approx(0.0011, rel=0.3)
    assert 0.98 < outlet_5.gain < 1.02
    assert [(point.channel, point.quantity) for point in file.points] == [
        (1, "voltage"),
        (4, "current"),
        (4, "active power"),
    ]
    assert abs(file.points[2].error_percent) < 0.5  # the mains of the strip swing a little
    assert [null.inlet for null in file.nulls] == [1]


def test_nothing_is_kept_that_was_not_agreed_to(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    answers = ["", "s", "", "none", "8,7", "2", "1", "n"]
    code, _ = guided(config, monkeypatch, ["chip1", "4"], answers)
    text = capsys.readouterr().out
    assert code == exits.OK
    assert "is the load off" in text  # the first answer, with the heater on
    assert "'none' is no number above 0 in A or W" in text
    assert "'2' is not 0.3 to 1" in text
    assert "gain " in text
    assert not (config.parent / "calibration.yaml").exists()


def test_end_of_input_ends_the_guide_and_leaves_what_was_kept(
    config: Path, monkeypatch: pytest.MonkeyPatch
):
    answers = ["", "", "230", "y", "", ""]
    code, _ = guided(config, monkeypatch, ["chip1"], answers)
    assert code == exits.INTERRUPTED
    assert [entry.channel for entry in kept(config).channels] == [1]


def test_guided_null_is_measured_again_after_a_bench_without_load(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    answers = ["{nothing}", "", "{heater}", "", "y"]
    code, _ = guided(config, monkeypatch, ["chip1", "--null", "1"], answers)
    assert code == exits.OK
    assert "expected a load of some amperes" in capsys.readouterr().out
    assert kept(config).nulls[0].after_a < 0.001


def test_guided_verification_adds_load_points_and_no_trims(
    config: Path, monkeypatch: pytest.MonkeyPatch
):
    code, _ = guided(config, monkeypatch, ["chip1", "4", "--verify"], [HEATER_A, "2000 W", ""])
    assert code == exits.OK
    assert kept(config).channels == ()
    assert [point.quantity for point in kept(config).points] == ["current", "active power"]
