# SPDX-License-Identifier: Apache-2.0
"""Tests of rules that their owner writes, and `openpdu rules` around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main

ETC = Path(__file__).parents[2] / "etc"
CONFIG = ETC / "rules-example.yaml"
EXAMPLE = ETC / "rules-example-test.yaml"


def run(test: Path | str, *more: str) -> int:
    return main(["rules", "test", str(test), "--config", str(CONFIG), *more])


def write(folder: Path, text: str) -> Path:
    path = folder / "t.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_example_comes_true(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(EXAMPLE) == exits.OK
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "23 of 23 expectations came true"
    assert told.err == ""


def test_what_does_not_come_true_is_told_with_what_happened_instead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path,
        "given: {outlet 2: off, sensor 1: 24}\n"
        "steps:\n"
        "  - at_s: 10\n"
        "    expect: {outlet 2: off}\n"
        "  - at_s: 60\n"
        "    expect: {outlet 2: off, fired heater: 2}\n",
    )
    assert run(path) == exits.FAILURE
    out = capsys.readouterr().out
    assert "passed at 10 s: outlet 2 off\n" in out
    assert f"FAILED {path}:6:24: at 60 s: outlet 2 off; but outlet 2 is on; rule heater is" in out
    assert "sensor 1 temperature 24 C, at or below 24.5 C for 20 s: outlet 2 on" in out
    assert "fired heater 2; but fired heater is 1" in out
    assert out.endswith("1 of 3 expectations came true\n")


def test_a_wrong_doer_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path,
        "given: {outlet 2: off, sensor 1: 25}\n"
        "steps:\n"
        "  - {at_s: 10, do: {outlet 2: on}, expect: {outlet 2: on}, by: rule heater}\n",
    )
    assert run(path) == exits.FAILURE
    out = capsys.readouterr().out
    assert "outlet 2 on by rule heater; but outlet 2 is on by cli somebody" in out


def test_json_has_every_expectation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(EXAMPLE, "--json") == exits.OK
    plain = json.loads(capsys.readouterr().out)
    assert plain["passed"] is True
    assert plain["expectations"][0] == {
        "place": f"{EXAMPLE}:9:24",
        "at_s": 60.0,
        "expected": "outlet 2 off",
        "passed": True,
        "found": "",
    }


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("{at_s: 1, set: {sensor 7: 3}}", "'sensor 7' is nothing that this unit measures"),
        ("{at_s: 1, set: {sensor 1: warm}}", "'warm'; expected a number, or missing"),
        ("{at_s: 1, set: {outlet 1 active power: 3}}", "nothing in `meters` feeds outlet 1"),
        ("{at_s: 1, set: {host nas: dead}}", "expected answers, silent or missing"),
        ("{at_s: 1, set: {ups rack: on_batery}}", "'on_batery'; expected missing, or some of"),
        ("{at_s: 1, do: {outlet 9: on}}", "there is no outlet 9"),
        ("{at_s: 1, do: {outlet 1: up}}", "'up'; expected one of on, off, reboot"),
        ("{at_s: 1, expect: {rule hot: idle}}", "with the name of a rule"),
        ("{at_s: 1, expect: {rule nas: asleep}}", "expected one of disabled, idle"),
        ("{at_s: 1, expect: {fired nas: often}}", "expected how often it acted"),
        ("{at_s: -1}", "is below 0"),
        ("{when: 1}", "unknown key 'when'"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(
    tmp_path: Path, step: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, f"steps:\n  - {step}\n")
    assert run(path) == exits.CONFIGURATION
    err = capsys.readouterr().err
    assert complaint in err
    assert f"{path}:2:" in err


def test_steps_go_forward_and_the_file_has_to_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(write(tmp_path, "steps: [{at_s: 5}, {at_s: 4}]\n")) == exits.CONFIGURATION
    assert "4 is before the step above, 5" in capsys.readouterr().err
    assert run(tmp_path / "none.yaml") == exits.CONFIGURATION
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_names_go_with_the_verbs_that_need_them() -> None:
    for arguments in (["rules", "enable"], ["rules", "list", "hot"], ["rules", "test"]):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
