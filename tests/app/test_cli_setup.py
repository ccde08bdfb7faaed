# SPDX-License-Identifier: Apache-2.0
"""`run`, `demo`, `init`, `check` and `mib-path`: options, output and exit codes."""

from __future__ import annotations

import argparse
import json
import stat
from pathlib import Path

import pytest

from pdu_agent.app import exits, paths
from pdu_agent.app.cli import build_parser, main
from pdu_agent.app.commands.service import demo_options
from pdu_agent.app.demo_options import DemoOptions


def parsed(*arguments: str) -> argparse.Namespace:
    return build_parser().parse_args(arguments)


def test_the_demo_contract_holds() -> None:
    assert demo_options(parsed("demo")) == DemoOptions(
        outlets=8,
        snmp="127.0.0.1:1161",
        http="127.0.0.1:8080",
        state_dir=None,
        runtime_dir=None,
        identity="own",
        relay_log=None,
        speed=1.0,
        ready_file=None,
    )
    everything = (
        "demo --outlets 64 --snmp [::1]:0 --http localhost:80 --state-dir s --runtime-dir r"
    )
    everything += " --identity own --relay-log l --seed 7 --speed 60.5 --ready-file f"
    assert demo_options(parsed(*everything.split())) == DemoOptions(
        64, "[::1]:0", "localhost:80", Path("s"), Path("r"), "own", Path("l"), 7, 60.5, Path("f")
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--outlets 0", "--outlets: 0 is outside 1 to 64"),
        ("--outlets 65", "--outlets: 65 is outside 1 to 64"),
        ("--outlets many", "invalid int value"),
        ("--speed 0", "--speed: 0 is outside"),
        ("--speed -1", "--speed"),
        ("--speed nan", "--speed: nan is outside"),
        ("--speed inf", "--speed: inf is outside"),
        ("--seed -1", "--seed: -1 is below 0"),
        ("--identity apc", "'apc' is unknown; known: own"),
        ("--snmp 0.0.0.0:1161", "everybody knows the demo's credentials"),
        ("--snmp 192.0.2.1:1161", "expected a loopback address"),
        ("--http [::]:8080", "expected a loopback address"),
        ("--http rack.example:8080", "--http: "),
        ("--http 8080", "expected HOST:PORT"),
    ],
)
def test_a_bad_demo_option_is_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str], options: str, reason: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", *options.split()])
    assert ended.value.code == exits.USAGE
    assert reason in capsys.readouterr().err


def test_a_missing_configuration_ends_run_with_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--config", str(tmp_path / "none.yaml")]) == exits.CONFIGURATION
    assert "none.yaml" in capsys.readouterr().err


def test_init_writes_what_check_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--directory", str(tmp_path)]) == 0
    assert "admin" in capsys.readouterr().out
    assert stat.S_IMODE((tmp_path / "secrets.yaml").stat().st_mode) == 0o600
    config = str(tmp_path / "openpdu.yaml")
    assert main(["check", config]) == 0
    capsys.readouterr()
    assert main(["check", config, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["init", "--directory", str(tmp_path)]) == exits.CONFIGURATION


def test_init_as_json_names_the_files_and_shows_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--directory", str(tmp_path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "config": str(tmp_path / "openpdu.yaml"),
        "secrets": str(tmp_path / "secrets.yaml"),
    }


def test_check_lists_every_problem_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("schema: 1\ndevise: {}\nlog: {level: loud}\n", encoding="utf-8")
    assert main(["check", str(file)]) == exits.CONFIGURATION
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"{file}:2:1: ") for line in lines)
    assert any(line.startswith(f"{file}:3:") for line in lines)
    assert main(["check", str(file), "--json"]) == exits.CONFIGURATION
    problems = json.loads(capsys.readouterr().out)
    place = {"file": str(file), "line": 2, "column": 1, "severity": "error"}
    assert any(place.items() <= problem.items() for problem in problems)


def test_mib_path_is_what_net_snmp_takes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["mib-path"]) == 0
    folders = capsys.readouterr().out.strip().split(":")
    assert [Path(folder).name for folder in folders] == ["base", "mibs"]
    assert all(Path(folder).is_dir() for folder in folders)
    monkeypatch.setattr(paths, "__file__", "/nowhere/pdu_agent/app/paths.py")
    assert main(["mib-path"]) == exits.UNAVAILABLE
    assert "they come with a checkout" in capsys.readouterr().err


def test_the_default_configuration_is_where_init_writes() -> None:
    assert str(paths.config_file({}, 0)) == "/etc/openpdu/openpdu.yaml"
    assert str(paths.config_file({"XDG_CONFIG_HOME": "/c"}, 7)) == "/c/openpdu/openpdu.yaml"
    for command in (["run"], ["init"]):
        assert parsed(*command).run
