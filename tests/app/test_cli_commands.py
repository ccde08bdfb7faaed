# SPDX-License-Identifier: Apache-2.0
"""The commands against the real web server with a fake controller behind it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pdu_agent import __version__
from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.app.commands import switch
from pdu_agent.model.commands import (
    Action,
    Lock,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import (
    BudgetExceeded,
    Busy,
    CommandError,
    InvalidValue,
    NotNow,
    NotPermitted,
    OutletHeld,
    OutletLocked,
    TableFull,
    Unavailable,
    UnknownTarget,
)
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import Inlet, Line, MeterStatus, OutletState
from pdu_agent.web.problems import COMMAND_ERRORS
from tests.web.fake_agent import RunningAgent, make_meter, make_outlet, make_snapshot, running_agent


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("cli")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> RunningAgent:
    running.controller.reset()
    monkeypatch.setenv("OPENPDU_SOCKET", str(running.socket_path))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(switch, "POLL_S", 0.01)
    return running


def submitted(agent: RunningAgent) -> list[object]:
    return [command for batch, _ in agent.controller.batches for command in batch]


def cli_process(
    agent: RunningAgent, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pdu_agent.app.cli", *arguments],
        capture_output=True,
        timeout=30,
        check=False,
        env={"PATH": os.environ["PATH"], "OPENPDU_SOCKET": str(agent.socket_path), **environ},
    )


# -- status -------------------------------------------------------------------------------------


def test_status_shows_the_whole_unit(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.controller.change(
        1, pending=Action.OFF_DELAYED, pending_s=12.2, state=OutletState.OFF_PENDING
    )
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("rack-7, room 1  2027-01-")
    assert lines[2:8] == [
        "# Name             State               V    A     W   PF    kWh Device",
        "1 web              off pending 12s 230.1 0.45 103.2 1.00 12.346 web server",
        "2 <b>db</b> & café on locked       230.1 0.45 103.2 1.00 12.346 -",
        "3 Outlet 3         off                 -    -     -    - 12.346 -",
        "4 pump             metered         230.1 0.45 103.2 1.00 12.346 -",
        "",
    ]
    assert lines[8:] == [
        "Inlet 1: 103.2 W  0.45 A of 16 A  230.1 V  50.01 Hz  PF 1.00  12.346 kWh",
        "Inlet 2: 103.2 W  0.45 A of 10 A  230.1 V  50.01 Hz  PF 1.00  12.346 kWh",
        "  residual 4.2 mA  imbalance 12.5 %",
        "Line 1: 16 A, not metered",
        "Line 2: 103.2 W  0.45 A of 10 A  230.1 V  50.01 Hz  PF 1.00  12.346 kWh",
        "  THD 1.2 % of voltage, 33.3 % of current",
        "front: 103.2 W  0.45 A of 10 A  230.1 V  50.01 Hz  PF 1.00  12.346 kWh",
        "Branch 2: 10 A, not metered",
        "No current reading: outlets 3",
        f"warning: outlet 3: no reading (since {lines[-1][-20:-1]})",
    ]


def test_status_json_is_the_api_answer(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == agent.local("GET", "/api/v1/status").json


def test_status_of_one_outlet_has_its_proof(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].split()[0] == "2"
    assert lines[2].startswith("Switched on at 2027-01-15 ")
    assert lines[2].endswith(": verified  relay reads closed  0.00 -> 0.45 A  0.0 -> 103.2 W")
    assert main(["status", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["status", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == agent.local("GET", "/api/v1/outlets/2").json


def full_house() -> Any:
    """64 outlets with the widest values that happen."""
    meter = make_meter(energy_mj=3_600_000 * 99_999_999)
    rows = tuple(
        make_outlet(
            n,
            name=f"a rather long outlet name {n}",
            device="a machine with a long name as well",
            state=OutletState.OFF_PENDING,
            pending=Action.OFF_DELAYED,
            pending_s=7199,
            lock=Lock.LOCKED_ON,
            meter=meter,
        )
        for n in range(1, 65)
    )
    return make_snapshot(outlets=rows)


def test_status_of_a_full_unit_fits_80_columns_and_stays_aligned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", "C")
    with running_agent(tmp_path, full_house()) as agent:
        assert main(["status", "--socket", str(agent.socket_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    table = lines[2:67]
    end_of_v = table[0].index(" V ") + 2
    assert {line[end_of_v - 5 : end_of_v + 1] for line in table[1:]} == {"230.1 "}


def test_a_name_cannot_drive_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = make_outlet(1, name="a\x1b[2J\nb\x07", device="\x9b31m", note="")
    with running_agent(tmp_path, make_snapshot(outlets=(row,))) as agent:
        for command in (["status"], ["energy"], ["why", "1"], ["off", "1"]):
            assert main([*command, "--socket", str(agent.socket_path)]) == 0
    out = capsys.readouterr().out
    assert "a?[2J?b?" in out
    assert not set(out) & {"\x1b", "\x07", "\x9b"}


def test_old_readings_are_not_shown_as_readings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = make_outlet(1, meter=make_meter(status=MeterStatus.STALE))
    with running_agent(tmp_path, make_snapshot(outlets=(row,))) as agent:
        main(["status", "--socket", str(agent.socket_path)])
    out = capsys.readouterr().out
    assert "230.1" not in out.split("Inlet")[0]
    assert "12.346" in out
    assert "No current reading: outlets 1" in out


def test_points_that_cannot_be_believed_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = make_meter(status=MeterStatus.FAULT, electrical=Electrical())
    clipped = make_meter(electrical=Electrical(current_a=48.0, quality=Quality.CLIPPED))
    snapshot = make_snapshot(
        inlets=(Inlet(1, "Feed", 1, silent),),
        lines=(Line(1, "L1", 1, "l1", 16.0, silent), Line(2, "L2", 1, "l2", 16.0, None)),
        outlets=(make_outlet(1, meter=clipped), make_outlet(2, meter=clipped)),
    )
    with running_agent(tmp_path, snapshot) as agent:
        main(["status", "--socket", str(agent.socket_path)])
    out = capsys.readouterr().out
    assert "No current reading: inlets 1; lines 1\n" in out
    assert "Beyond what can be measured, in truth more: outlets 1, 2\n" in out


def on_a_terminal(agent: RunningAgent, *arguments: str, **environ: str) -> str:
    """What the command writes to a real pseudo-terminal."""
    leader, follower = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "pdu_agent.app.cli", *arguments],
            stdout=follower,
            env={
                "PATH": os.environ["PATH"],
                "OPENPDU_SOCKET": str(agent.socket_path),
                "COLUMNS": "80",
                "TERM": "xterm",
                **environ,
            },
        )
        os.close(follower)
        received = b""
        try:
            while part := os.read(leader, 65536):
                received += part
        except OSError:
            pass  # Linux reports the end of a pseudo-terminal as EIO
        assert process.wait(20) == 0
    finally:
        os.close(leader)
    return received.decode("utf-8")


@pytest.mark.usefixtures("terminals")
def test_a_terminal_gets_colour_and_the_lock_sign(agent: RunningAgent) -> None:
    out = on_a_terminal(agent, "status", LC_ALL="C.UTF-8", LANG="en_US.UTF-8")
    assert "\x1b[32mon" in out
    plain = on_a_terminal(agent, "status", LC_ALL="en_US.UTF-8", NO_COLOR="1")
    assert "\x1b" not in plain
    assert "on \N{LOCK}" in plain


def test_the_c_locale_gets_ascii_and_never_an_exception(agent: RunningAgent) -> None:
    result = cli_process(agent, "status", LC_ALL="C")
    assert result.returncode == 0
    assert b"on locked" in result.stdout
    result = cli_process(agent, "status", LC_ALL="C", PYTHONIOENCODING="ascii:strict")
    assert result.returncode == 0
    assert b"caf?" in result.stdout


def test_a_reader_that_leaves_early_is_no_error(agent: RunningAgent) -> None:
    with running_pipe(agent) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def running_pipe(agent: RunningAgent) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pdu_agent.app.cli", "status", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "OPENPDU_SOCKET": str(agent.socket_path)},
    )


# -- energy and why -----------------------------------------------------------------------------


def test_energy_lists_every_metering_point(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"Point +Name +kWh +kWh since +Reset +Peak W +Peak at$", lines[0])
    assert re.match(r"inlet 1 +Inlet 1 +12\.346 +1\.000 2027-01-1\d +180\.5 2027-01-15", lines[1])
    assert [line.split()[:2] for line in lines[1:]] == [
        ["inlet", "1"],
        ["inlet", "2"],
        ["line", "2"],
        ["branch", "1"],
        *(["outlet", str(number)] for number in range(1, 5)),
    ]
    assert main(["energy", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outlets"][0]["energy_wh"] == 12346


@pytest.mark.parametrize(
    ("command", "row"),
    [
        ("events", r"42 2027-01-15 .* warning +outlet 3 went off$"),
        ("groups", r"1 rack +on +206\.4 1 2$"),
        ("thresholds", r"inlet 1 current +13\.100 high warning +- +- +12\.800 +-$"),
        ("sensors", r"1 intake temperature +21\.4 ok +18\.0 30\.5$"),
    ],
)
def test_what_is_watched_is_listed_in_a_table(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str], command: str, row: str
) -> None:
    assert main([command]) == 0
    assert re.match(row, capsys.readouterr().out.splitlines()[1])
    assert main([command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[command]


def test_an_empty_list_says_so(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.controller.show(groups=())
    assert main(["groups"]) == 0
    assert capsys.readouterr().out == "there are no groups\n"


def test_why_tells_the_story(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "2"]) == 0
    text = capsys.readouterr().out
    assert "Last changed by snmp switcher from 10.0.0.5 (reason: snmp)." in text
    assert "It is locked on" in text
    assert main(["why", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["number"] == 2


def test_harmonics_are_a_table_of_orders(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["harmonics", "inlet", "2"]) == 0
    head, _, names, first, second, *_, last = capsys.readouterr().out.splitlines()
    assert head.startswith("inlet 2, ")
    assert names.split() == ["Order", "V", "V", "%", "A", "A", "%"]
    assert first.split() == ["1", "230.000", "100.00", "1.0000", "100.00"]
    assert second.split() == ["2", "0.500", "0.22", "0.2500", "25.00"]
    assert last.split()[0] == "40"
    assert main(["harmonics", "line 2", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert (plain["target"], len(plain["current_a"])) == ("line 2", 40)


def test_harmonics_of_a_point_without_any_are_7(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["harmonics", "1"]) == exits.UNAVAILABLE
    assert "outlet 1: no harmonics" in capsys.readouterr().err


def test_inrush_is_a_table_of_cycles_or_every_sample(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inrush", "2"]) == 0
    head, _, _, *cycles = capsys.readouterr().out.splitlines()
    assert "peak 30.00 A, 20.0 times the RMS of the last two cycles" in head
    assert [cycle.split() for cycle in cycles[:4]] == [
        ["-2", "0.000"], ["-1", "0.000"], ["1", "30.000"], ["2", "1.500"],
    ]  # fmt: skip
    assert main(["inrush", "2", "--csv"]) == 0
    comment, names, first, *_, last = capsys.readouterr().out.splitlines()
    assert comment.startswith("# outlet 2, current rose at 2027-01-15T08:00:00.250Z")
    assert names == "t_s,voltage_v,current_a"
    assert first == "-0.040000,325.000,0.0000"
    assert last == "0.159875,-325.000,-1.5000"
    assert main(["inrush", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["peak_a"] == 30.0


def test_outlet_without_inrush_is_7(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inrush", "1"]) == exits.UNAVAILABLE
    assert "not switched on since" in capsys.readouterr().err


# -- switching ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (["on", "1"], [SwitchOutlet(1, Action.ON)]),
        (["off", "1,3"], [SwitchOutlet(1, Action.OFF), SwitchOutlet(3, Action.OFF)]),
        (["off", "3", "1"], [SwitchOutlet(3, Action.OFF), SwitchOutlet(1, Action.OFF)]),
        (["off", "1", "1-1,1"], [SwitchOutlet(1, Action.OFF)]),
        (["cycle", "3"], [SwitchOutlet(3, Action.REBOOT)]),
        (["reboot", "3", "--delayed"], [SwitchOutlet(3, Action.REBOOT_DELAYED)]),
        (["off", "1", "--delay", "30"], [SwitchOutlet(1, Action.OFF_DELAYED, 30.0)]),
        (["on", "all"], [SwitchAll(Action.ON)]),
        (["cancel", "1"], [SwitchOutlet(1, Action.CANCEL)]),
        (["toggle", "1"], [SwitchOutlet(1, Action.TOGGLE)]),
        (["pulse", "1"], [SwitchOutlet(1, Action.PULSE)]),
        (["off", "1", "--now"], [SwitchOutlet(1, Action.OFF, forced=True)]),
        (["cycle", "all", "--now", "-y"], [SwitchAll(Action.REBOOT, forced=True)]),
        (["off", "all", "--delay", "9"], [SwitchAll(Action.OFF_DELAYED, 9.0)]),
        (["lock", "1"], [SetLock(1, Lock.LOCKED_ON)]),
        (["lock", "1", "--off"], [SetLock(1, Lock.LOCKED_OFF)]),
        (["unlock", "2"], [SetLock(2, Lock.UNLOCKED)]),
    ],
)
def test_each_command_reaches_the_core_as_one_batch(
    agent: RunningAgent, arguments: list[str], commands: list[object]
) -> None:
    assert main(arguments) == 0
    assert submitted(agent) == commands
    assert len(agent.controller.batches) == 1


def test_switching_says_what_happened(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["on", "1,3"]) == 0
    assert main(["off", "1", "--delay", "90"]) == 0
    assert main(["lock", "2"]) == 0
    assert main(["unlock", "2"]) == 0
    assert main(["cancel", "1"]) == 0
    assert main(["cancel", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "outlet 1 web: already on",
        "outlet 3: off -> on pending, on in 2s",
        "outlet 1 web: on -> off pending, delayed off in 1m30s",
        "outlet 2 <b>db</b> & café: already locked on",
        "outlet 2 <b>db</b> & café: unlocked",
        "outlet 1 web: off pending -> on",
        "outlet 1 web: nothing was pending, still on",
    ]


def test_all_leaves_locked_outlets_and_says_so(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["off", "all"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "outlet 1 web: on -> off pending, off in 2s",
        "outlet 2 <b>db</b> & café: left on, it is locked on: unlock it before switching it",
        "outlet 3: already off",
    ]


@pytest.mark.parametrize("group", ["1", "rack"])
def test_a_group_is_named_by_number_or_name(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str], group: str
) -> None:
    assert main(["off", "--group", group]) == 0
    assert submitted(agent) == [SwitchGroup(1, Action.OFF)]
    assert capsys.readouterr().out.splitlines() == [
        "outlet 1 web: on -> off pending, off in 2s",
        "outlet 2 <b>db</b> & café: left on, it is locked on: unlock it before switching it",
    ]


def test_a_group_waits_and_takes_options(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.controller.settle_after_reads = 3
    assert main(["off", "-g", "rack", "--delay", "5", "--now", "--wait"]) == 0
    assert submitted(agent) == [SwitchGroup(1, Action.OFF_DELAYED, 5.0, True)]
    assert "outlet 1 web: on -> off" in capsys.readouterr().out


def test_a_group_can_be_locked(agent: RunningAgent) -> None:
    assert main(["lock", "-g", "rack"]) == 0
    assert submitted(agent) == [SetLock(1, Lock.LOCKED_ON), SetLock(2, Lock.LOCKED_ON)]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["off", "--group", "rock"], 4, "no group 'rock'; groups that exist: 1 rack, 7 spare"),
        (["off", "1", "--group", "rack"], 2, "expected outlet numbers, or --group"),
        (["off"], 2, "expected outlet numbers, or --group"),
        (["lock", "--group", "spare"], 6, "group 7 has no switched outlet"),
    ],
)
def test_groups_that_cannot_be_meant(
    agent: RunningAgent,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    told: str,
) -> None:
    assert code_of(arguments) == code
    assert told in capsys.readouterr().err
    assert submitted(agent) == []


def code_of(arguments: list[str]) -> object:
    """The exit code, also where argparse raises it."""
    try:
        return main(arguments)
    except SystemExit as leaving:
        return leaving.code


def test_a_name_of_two_groups_is_not_guessed(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    rack = agent.controller.snapshot.groups[0]
    agent.controller.show(groups=(rack, replace(rack, index=3)))
    assert main(["off", "--group", "rack"]) == 4
    assert "several groups are called 'rack': give the number, 1, 3" in capsys.readouterr().err


def test_what_is_left_out_says_who_keeps_it_so() -> None:
    row = {
        "number": 1,
        "name": "web",
        "state": "on",
        "lock": "unlocked",
        "pending": None,
    }
    why = "outlet 1 is kept on by rule hot: 50 C; until 45 C"
    assert switch.what_happened("off", {"before": row, "outlet": row, "left": why}) == (
        "outlet 1 web: left on, it is kept on by rule hot: 50 C; until 45 C"
    )
    assert switch.what_happened("on", {"before": row, "outlet": row, "left": None}) == (
        "outlet 1 web: already on"
    )


def test_json_of_a_command_is_the_api_answer(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["on", "3", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["changed"] is True
    assert answer["outlets"][0]["before"]["state"] == "off"


def test_one_refused_outlet_stops_all_of_them(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["off", "1-3"]) == exits.REFUSED
    assert capsys.readouterr().err == "openpdu: outlet 2 is locked on\n"
    assert submitted(agent) == []


def test_wait_returns_when_the_outlets_have_settled(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.controller.settle_after_reads = 5
    assert main(["cycle", "1,3", "--wait"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["outlet 1 web: on", "outlet 3: on"]


def test_wait_with_json_prints_the_settled_outlets_once(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.controller.settle_after_reads = 5
    assert main(["off", "1", "--wait", "--json"]) == 0
    (step,) = json.loads(capsys.readouterr().out)["outlets"]
    assert (step["before"]["state"], step["outlet"]["state"]) == ("on", "off")


def test_wait_for_what_is_already_so_returns_at_once(agent: RunningAgent) -> None:
    assert main(["on", "1", "--wait", "--timeout", "0"]) == 0


def test_wait_gives_up_in_time_and_says_where_it_stands(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cycle", "1", "--wait", "--timeout", "0.05"]) == exits.UNAVAILABLE
    assert capsys.readouterr().err == "openpdu: outlet 1 web: still rebooting after 0.05 s\n"


def test_an_outlet_that_ends_elsewhere_is_a_failure(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.controller.end_states = {OutletState.REBOOTING: OutletState.FAULT}
    agent.controller.settle_after_reads = 4
    assert main(["cycle", "1", "--wait"]) == exits.UNAVAILABLE
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == "outlet 1 web: fault"
    assert printed.err == "openpdu: outlet 1 web: ended in state fault\n"


# -- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UnknownTarget, 4),
        (InvalidValue, 2),
        (NotPermitted, 5),
        (OutletLocked, 6),
        (OutletHeld, 6),
        (NotNow, 6),
        (BudgetExceeded, 6),
        (TableFull, 6),
        (Busy, 7),
        (Unavailable, 7),
    ],
)
def test_each_refusal_has_its_exit_code(
    agent: RunningAgent,
    capsys: pytest.CaptureFixture[str],
    kind: type[CommandError],
    code: int,
) -> None:
    agent.controller.refusal = kind("because of this")
    assert main(["off", "1"]) == code
    assert capsys.readouterr().err == "openpdu: because of this\n"
    assert main(["off", "1", "--json"]) == code
    problem = json.loads(capsys.readouterr().out)
    assert (problem["code"], problem["detail"]) == (COMMAND_ERRORS[kind][1], "because of this")


def test_every_command_error_has_an_exit_code() -> None:
    kinds = (*CommandError.__subclasses__(), *OutletLocked.__subclasses__())
    codes = {COMMAND_ERRORS[kind][1] for kind in kinds}
    assert codes == set(exits.OF_PROBLEM) - {"not_found", "configuration"}


@pytest.mark.parametrize("outlet", ["0", "77", "999999999999"])
@pytest.mark.parametrize("command", ["on", "lock", "why"])
def test_an_unknown_outlet_is_4_and_nothing_moves(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str], command: str, outlet: str
) -> None:
    assert main([command, outlet]) == exits.UNKNOWN_TARGET
    assert f"no outlet {outlet}" in capsys.readouterr().err.replace("'", "")
    assert submitted(agent) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["explode"],
        ["on"],
        ["on", "abc"],
        ["on", "-1"],
        ["on", "1,,2"],
        ["on", "5-3"],
        ["on", "1-999999999"],
        ["on", "²"],
        ["on", "9" * 5000],
        ["on", "all,3"],
        ["on", "1-64,65"],
        ["on", "1", "--delay", "-5"],
        ["on", "1", "--delay", "nan"],
        ["lock", "1", "--on", "--off"],
        ["why", "all"],
        ["why", "1,2"],
        ["inrush", "all"],
        ["inrush", "2", "--csv", "--json"],
        ["harmonics", "branch", "1"],
        ["harmonics", "outlet"],
        ["harmonics", "-1"],
        ["cancel", "1", "--delay", "5"],
        ["stat"],
        ["status", "--js"],
    ],
)
def test_wrong_usage_is_2_and_nothing_moves(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == exits.USAGE
    assert "usage:" in capsys.readouterr().err
    assert submitted(agent) == []


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"openpdu {__version__}\n"


COMMANDS = [
    "status", "on", "off", "cycle", "reboot", "cancel", "toggle", "pulse", "lock", "unlock",
    "energy", "why", "harmonics", "inrush", "events", "groups", "thresholds", "sensors", "run",
    "alarms", "ack", "reset", "wear", "gaps",
    "demo", "init", "check", "mib-path",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = capsys.readouterr().out
    assert re.search(r"^example:\n  (openpdu|snmpwalk)", text, re.MULTILINE)
    assert "--json" in text
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 78):
        assert re.search(rf"^  {code} ", text, re.MULTILINE), code
