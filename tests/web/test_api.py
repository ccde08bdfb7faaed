# SPDX-License-Identifier: Apache-2.0
"""The real app on a real Unix socket and a real TCP port, asked by an independent client."""

from __future__ import annotations

import contextlib
import getpass
import json
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

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
    OutletLocked,
    TableFull,
    Unavailable,
    UnknownTarget,
)
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import OutletState
from pdu_agent.web import api, bodies
from pdu_agent.web.server import UNIX_CONNECTIONS
from tests.web.fake_agent import (
    FakeController,
    RunningAgent,
    make_meter,
    make_outlet,
    make_snapshot,
    running_agent,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("api")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    return running


def submitted(agent: RunningAgent) -> list[object]:
    return [command for batch, _ in agent.controller.batches for command in batch]


def test_the_second_on_says_that_nothing_changed(agent: RunningAgent) -> None:
    first = agent.local("POST", "/api/v1/outlets/3/on")
    assert (first.status, first.json["changed"]) == (200, True)
    assert first.json["outlet"]["state"] == "on pending"
    agent.controller.settle()
    second = agent.local("POST", "/api/v1/outlets/3/on")
    assert (second.status, second.json["changed"]) == (200, False)
    assert second.json["outlet"]["state"] == "on"


@pytest.mark.parametrize(
    ("verb", "body", "command"),
    [
        ("on", None, SwitchOutlet(1, Action.ON)),
        ("off", {}, SwitchOutlet(1, Action.OFF)),
        ("reboot", {"delayed": False}, SwitchOutlet(1, Action.REBOOT)),
        ("on", {"delayed": True}, SwitchOutlet(1, Action.ON_DELAYED)),
        ("off", {"delay_s": 30}, SwitchOutlet(1, Action.OFF_DELAYED, 30.0)),
        ("reboot", {"delayed": True, "delay_s": 0.5}, SwitchOutlet(1, Action.REBOOT_DELAYED, 0.5)),
        ("cancel", None, SwitchOutlet(1, Action.CANCEL)),
        ("toggle", None, SwitchOutlet(1, Action.TOGGLE)),
        ("pulse", None, SwitchOutlet(1, Action.PULSE)),
        ("off", {"forced": True}, SwitchOutlet(1, Action.OFF, forced=True)),
        ("reboot", {"forced": False}, SwitchOutlet(1, Action.REBOOT)),
        ("lock", None, SetLock(1, Lock.LOCKED_ON)),
        ("lock", {"state": "off"}, SetLock(1, Lock.LOCKED_OFF)),
        ("unlock", {}, SetLock(1, Lock.UNLOCKED)),
    ],
)
def test_each_command_reaches_the_core(
    agent: RunningAgent, verb: str, body: object, command: object
) -> None:
    assert agent.local("POST", f"/api/v1/outlets/1/{verb}", body).status == 200
    assert submitted(agent) == [command]


@pytest.mark.parametrize(
    ("verb", "body", "commands"),
    [
        ("on", None, [SwitchGroup(1, Action.ON)]),
        ("off", {"delay_s": 30}, [SwitchGroup(1, Action.OFF_DELAYED, 30.0)]),
        ("reboot", {"forced": True}, [SwitchGroup(1, Action.REBOOT, forced=True)]),
        ("cancel", None, [SwitchGroup(1, Action.CANCEL)]),
        ("toggle", None, [SwitchGroup(1, Action.TOGGLE)]),
        ("pulse", None, [SwitchGroup(1, Action.PULSE)]),
        ("lock", {"state": "on"}, [SetLock(1, Lock.LOCKED_ON), SetLock(2, Lock.LOCKED_ON)]),
        ("unlock", None, [SetLock(1, Lock.UNLOCKED), SetLock(2, Lock.UNLOCKED)]),
    ],
)
def test_a_group_is_one_command(
    agent: RunningAgent, verb: str, body: object, commands: list[object]
) -> None:
    assert agent.local("POST", f"/api/v1/groups/1/{verb}", body).status == 200
    assert submitted(agent) == commands
    agent.controller.reset()
    entry = {"group": 1, "command": verb, **(body if isinstance(body, dict) else {})}
    assert agent.local("POST", "/api/v1/commands", {"commands": [entry]}).status == 200
    assert submitted(agent) == commands


def test_a_group_tells_which_outlets_are_left_and_why(agent: RunningAgent) -> None:
    steps = agent.local("POST", "/api/v1/groups/1/off").json["outlets"]
    assert [(step["outlet"]["number"], step["left"]) for step in steps] == [
        (1, None),
        (2, "outlet 2 is locked on: unlock it before switching it"),
    ]


@pytest.mark.parametrize(
    ("entry", "status", "detail"),
    [
        ({"group": 4, "command": "on"}, 404, "there is no group 4; groups that exist: 1, 7"),
        ({"group": "all", "command": "on"}, 422, "commands[0].group: expected a number"),
        ({"group": True, "command": "on"}, 422, "commands[0].group: expected a number"),
        ({"group": 1, "outlet": 1, "command": "on"}, 422, "an outlet or a group, not both"),
        ({"group": 7, "command": "unlock"}, 409, "group 7 has no switched outlet"),
        ({"group": 7, "command": "unlock", "state": "on"}, 409, "group 7 has no switched outlet"),
    ],
)
def test_groups_that_cannot_be_meant(
    agent: RunningAgent, entry: dict[str, object], status: int, detail: str
) -> None:
    answer = agent.local("POST", "/api/v1/commands", {"commands": [entry]})
    assert (answer.status, detail in answer.json["detail"]) == (status, True)
    assert submitted(agent) == []


def test_lock_without_a_state_keeps_the_present_one(agent: RunningAgent) -> None:
    agent.local("POST", "/api/v1/outlets/3/lock")
    assert submitted(agent) == [SetLock(3, Lock.LOCKED_OFF)]


def test_lock_without_a_state_is_refused_while_the_outlet_moves(agent: RunningAgent) -> None:
    agent.controller.change(1, state=OutletState.REBOOTING)
    answer = agent.local("POST", "/api/v1/outlets/1/lock")
    assert (answer.status, answer.json["code"]) == (409, "not_now")
    assert submitted(agent) == []


def test_the_actor_is_the_process_at_the_other_end(agent: RunningAgent) -> None:
    agent.local("POST", "/api/v1/outlets/1/off")
    ((_, actor),) = agent.controller.batches
    assert (actor.face, actor.who, actor.address) == (
        "cli",
        getpass.getuser(),
        f"pid {os.getpid()}",
    )


def test_commands_are_logged_with_their_actor_and_reading_is_not(
    agent: RunningAgent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        agent.local("GET", "/api/v1/status")
        agent.local("POST", "/api/v1/outlets/1/off")
        agent.local("POST", "/api/v1/outlets/2/off")
    lines = [record.getMessage() for record in caplog.records]
    who = f"cli {getpass.getuser()} from pid {os.getpid()}"
    assert lines == [
        f"{who}: off 1: accepted",
        f"{who}: off 2: refused, outlet 2 is locked on",
    ]


def test_a_batch_is_one_batch(agent: RunningAgent) -> None:
    body = {
        "commands": [
            {"outlet": 1, "command": "off", "delay_s": 5},
            {"outlet": 3, "command": "lock", "state": "off"},
            {"outlet": "all", "command": "cancel"},
        ]
    }
    answer = agent.local("POST", "/api/v1/commands", body)
    assert answer.json["changed"] is True
    ((batch, _),) = agent.controller.batches
    assert batch == (
        SwitchOutlet(1, Action.OFF_DELAYED, 5.0),
        SetLock(3, Lock.LOCKED_OFF),
        SwitchAll(Action.CANCEL),
    )
    assert answer.json["outlets"][0]["before"] == {
        "state": "on",
        "lock": "unlocked",
        "pending": None,
    }


def test_a_refused_batch_does_nothing_and_names_the_command(agent: RunningAgent) -> None:
    body = {
        "commands": [
            {"outlet": "all", "command": "unlock"},  # expands to several commands
            {"outlet": 1, "command": "off"},
            {"outlet": 2, "command": "off"},
        ]
    }
    agent.controller.change(1, lock=Lock.LOCKED_ON)
    answer = agent.local("POST", "/api/v1/commands", body)
    assert (answer.status, answer.json["position"]) == (409, 1)
    assert submitted(agent) == []


def test_all_with_a_delay_is_one_command(agent: RunningAgent) -> None:
    order = {"outlet": "all", "command": "off", "delay_s": 30}
    assert agent.local("POST", "/api/v1/commands", {"commands": [order]}).status == 200
    assert submitted(agent) == [SwitchAll(Action.OFF_DELAYED, 30.0)]


def test_only_a_batch_names_the_position_of_what_is_refused(agent: RunningAgent) -> None:
    assert "position" not in agent.local("POST", "/api/v1/outlets/2/off").json
    assert "position" not in agent.tcp("POST", "/api/v1/outlets/2/off").json


def test_locking_all_leaves_metered_only_outlets_out(agent: RunningAgent) -> None:
    agent.local("POST", "/api/v1/commands", {"commands": [{"outlet": "all", "command": "unlock"}]})
    assert submitted(agent) == [SetLock(n, Lock.UNLOCKED) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (UnknownTarget, 404, "unknown_target"),
        (InvalidValue, 422, "invalid_value"),
        (NotPermitted, 403, "not_permitted"),
        (OutletLocked, 409, "outlet_locked"),
        (NotNow, 409, "not_now"),
        (BudgetExceeded, 409, "budget_exceeded"),
        (TableFull, 409, "table_full"),
        (Busy, 503, "busy"),
        (Unavailable, 503, "unavailable"),
    ],
)
def test_each_refusal_of_the_core_has_its_status_and_code(
    agent: RunningAgent, kind: type[CommandError], status: int, code: str
) -> None:
    agent.controller.refusal = kind("because")
    answer = agent.local("POST", "/api/v1/outlets/1/off")
    assert (answer.status, answer.json["code"], answer.json["detail"]) == (status, code, "because")
    assert (answer.headers["Retry-After"] is not None) == (status == 503)


def test_missing_values_are_null_and_never_zero(agent: RunningAgent) -> None:
    meter = agent.local("GET", "/api/v1/outlets/3").json["meter"]
    assert meter["status"] == "fault"
    assert meter["voltage_v"] is meter["active_power_w"] is meter["power_factor"] is None
    assert meter["energy_wh"] == 12346  # 44 445 678 901 mJ, rounded down


def test_branches_are_listed_with_or_without_a_meter(agent: RunningAgent) -> None:
    metered, plain = agent.local("GET", "/api/v1/branches").json["branches"]
    assert (metered["number"], metered["name"], metered["inlet"]) == (1, "front", 1)
    assert (metered["line"], metered["rated_current_a"]) == ("l1", 13.0)
    assert metered["overload_restriction"] == "overload"
    assert metered["meter"]["current_a"] == 0.449
    assert (plain["name"], plain["meter"]) == ("Branch 2", None)
    energy = agent.local("GET", "/api/v1/energy").json
    assert [row["name"] for row in energy["branches"]] == ["front"]


def test_lines_and_what_the_inlet_makes_of_them(agent: RunningAgent) -> None:
    plain, metered = agent.local("GET", "/api/v1/lines").json["lines"]
    assert (plain["inlet"], plain["line"], plain["meter"]) == (2, "l1", None)
    assert metered["meter"]["current_a"] == 0.449
    single, three = agent.local("GET", "/api/v1/inlets").json["inlets"]
    assert (single["residual"], single["imbalance_percent"]) == (None, None)
    assert (three["line_count"], three["imbalance_percent"], three["unaccounted_w"]) == (
        2,
        12.5,
        7.25,
    )
    assert three["residual"]["current_a"] == 0.0042
    energy = agent.local("GET", "/api/v1/energy").json
    assert [row["name"] for row in energy["lines"]] == ["Line 2"]
    assert agent.local("GET", "/api/v1/lines/7").status == 404


def test_demand_reactive_energy_and_tariffs(agent: RunningAgent) -> None:
    meter = agent.local("GET", "/api/v1/inlets/2").json["meter"]
    assert (meter["inductive_varh"], meter["capacitive_varh"]) == (1, 0)
    assert (meter["demand"]["power_w"], meter["demand"]["peak_w"]) == (99.5, 150.25)
    assert meter["tariffs"] == [
        {"name": "night", "energy_wh": 1, "inductive_varh": 1, "capacitive_varh": 0}
    ]
    outlet = agent.local("GET", "/api/v1/outlets/1").json["meter"]
    assert (outlet["inductive_varh"], outlet["demand"], outlet["tariffs"]) == (None, None, [])


def test_harmonics_come_with_a_single_thing_only(agent: RunningAgent) -> None:
    for path in ("inlets/2", "lines/2"):
        spectrum = agent.local("GET", f"/api/v1/{path}").json["meter"]["spectrum"]
        assert (len(spectrum["voltage_v"]), spectrum["current_a"][:2]) == (40, [1.0, 0.25])
    for row in agent.local("GET", "/api/v1/status").json["inlets"]:
        assert "spectrum" not in row["meter"]


def test_inrush_comes_with_its_peak_and_every_sample(agent: RunningAgent) -> None:
    inrush = agent.local("GET", "/api/v1/outlets/2/inrush").json
    assert (inrush["peak_a"], inrush["peak_over_rms"], inrush["clipped"]) == (30.0, 20.0, False)
    assert inrush["rms_by_cycle_a"] == [0.0, 0.0, 30.0, *[1.5] * 7]
    assert (inrush["cycles_before"], inrush["first_s"]) == (2, -0.04)
    assert inrush["switched_on_at"] == "2027-01-15T08:00:00.250Z"
    assert len(inrush["voltage_v"]) == len(inrush["current_a"]) == 1600
    assert agent.tcp("GET", "/api/v1/outlets/2/inrush").json == inrush


@pytest.mark.parametrize(("outlet", "code"), [(1, "not_found"), (77, "unknown_target")])
def test_inrush_that_there_is_not_is_a_problem(agent: RunningAgent, outlet: int, code: str) -> None:
    answer = agent.local("GET", f"/api/v1/outlets/{outlet}/inrush")
    assert (answer.status, answer.json["code"]) == (404, code)
    assert answer.headers.get_content_type() == "application/problem+json"


def test_peaks_have_their_times_and_since_when_they_count(agent: RunningAgent) -> None:
    meter = agent.local("GET", "/api/v1/inlets").json["inlets"][0]["meter"]
    assert (meter["peak_power_w"], meter["peak_at"]) == (180.5, "2027-01-15T07:00:00.000Z")
    assert meter["peak_since"] == "2027-01-15T06:00:00.000Z"
    assert (meter["peak_current_a"], meter["peak_current_at"]) == (0.8, "2027-01-15T07:30:00.000Z")
    assert meter["peak_current_since"] is None


def test_numbers_that_json_does_not_know_count_as_missing(tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    meter = make_meter(electrical=Electrical(voltage_v=float("nan"), current_a=float("inf")))
    snapshot = make_snapshot(outlets=(make_outlet(1, meter=meter),))
    with running_agent(tmp_path_factory.mktemp("nan"), snapshot) as agent:
        answer = agent.local("GET", "/api/v1/outlets/1").json["meter"]
    assert (answer["voltage_v"], answer["current_a"]) == (None, None)


# -- hostile requests ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outlet",
    ["0", "-1", "999999999999", "abc", "01", "1.0", "+1", "%31%30", "½", "%C2%B2", "1%00", "%2e"],
)
@pytest.mark.parametrize("rest", ["", "/why", "/off"])
def test_an_outlet_that_does_not_exist_is_404(agent: RunningAgent, outlet: str, rest: str) -> None:
    method = "POST" if rest == "/off" else "GET"
    path = f"/api/v1/outlets/{outlet}{rest}".encode().decode("latin-1")
    answer = raw(agent, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status_of(answer) in (400, 404), answer
    assert submitted(agent) == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/outlets/1/on/",
        "/api/v1//outlets/1/on",
        "/api/v1/outlets/../outlets/1/on/x",
        "/api/v1/outlets/1%2Fon",
        "/api/v1/outlets/1/ON",
        "/api/v1/outlets/1/on%00",
        "/api/v1/outlets/1;/on",
        "/api/v2/outlets/1/on",
        "/" + "a" * 7000,
        "/etc/passwd",
        "/../../../../etc/passwd",
    ],
)
def test_paths_beside_the_routes_are_problems(agent: RunningAgent, path: str) -> None:
    answer = raw(agent, f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status_of(answer) in (404, 405), answer  # %2F stays within the outlet's number
    assert b'"code": "' in answer
    assert submitted(agent) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"on"', 400),
        (b"\xff\xfe", 400),
        (b'{"delay_s": NaN}', 400),
        (b'{"delay_s": Infinity}', 400),
        (b'{"delayed": true, "delayed": false}', 400),
        (b"[" * 16000, 400),
        (b'{"delay_s": ' + b"9" * 5000 + b"}", 400),
        (b'{"delay_s": 1e999}', 422),
        (b'{"delay_s": -1e999}', 422),
        (b'{"delay_s": -' + b"9" * 400 + b"}", 422),
        (b'{"delay_s": ' + b"9" * 400 + b"}", 422),
        (b'{"delay_s": -1}', 422),
        (b'{"delay_s": true}', 422),
        (b'{"delay_s": "5"}', 422),
        (b'{"delay_s": 5, "delayed": false}', 422),
        (b'{"delay_s": null}', 422),
        (b'{"delay_s": null, "delayed": true}', 422),
        (b'{"delayed": 1}', 422),
        (b'{"delayed": null}', 422),
        (b'{"outlet": 2}', 422),
        (b'{"state": "on"}', 422),
    ],
)
def test_a_bad_body_is_a_problem_and_moves_nothing(
    agent: RunningAgent, body: bytes, status: int
) -> None:
    answer = agent.local(
        "POST", "/api/v1/outlets/1/off", body, **{"Content-Type": "application/json"}
    )
    assert (answer.status, answer.json["status"]) == (status, status)
    assert submitted(agent) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"commands": []},
        {"commands": "on"},
        {"commands": [1]},
        {"commands": [{"outlet": 1}]},
        {"commands": [{"command": "on"}]},
        {"commands": [{"outlet": True, "command": "on"}]},
        {"commands": [{"outlet": "1", "command": "on"}]},
        {"commands": [{"outlet": 1.0, "command": "on"}]},
        {"commands": [{"outlet": [1], "command": "on"}]},
        {"commands": [{"outlet": 1, "command": "explode"}]},
        {"commands": [{"outlet": 1, "command": ["on"]}]},
        {"commands": [{"outlet": 1, "command": "on", "colour": "red"}]},
        {"commands": [{"outlet": 1, "command": "cancel", "delay_s": 1}]},
        {"commands": [{"outlet": 1, "command": "lock", "state": "open"}]},
        {"commands": [{"outlet": 1, "command": "lock", "state": ["on"]}]},
        {"commands": [{"outlet": 1, "command": "on"}] * 65},
        {"commands": [{"outlet": 1, "command": "on"}], "force": True},
    ],
)
def test_a_bad_batch_is_422_and_moves_nothing(agent: RunningAgent, body: object) -> None:
    answer = agent.local("POST", "/api/v1/commands", body)
    assert (answer.status, answer.json["code"]) == (422, "invalid_value")
    assert submitted(agent) == []


def test_an_enormous_outlet_number_in_a_batch_is_unknown(agent: RunningAgent) -> None:
    body = {"commands": [{"outlet": 10**300, "command": "on"}]}
    answer = agent.local("POST", "/api/v1/commands", body)
    assert (answer.status, answer.json["code"]) == (404, "unknown_target")


def test_what_never_became_commands_is_noted_for_the_audit_log(agent: RunningAgent) -> None:
    entries = [{"outlet": 1, "command": "on"}, {"outlet": 99, "command": "off"}]
    assert agent.local("POST", "/api/v1/commands", {"commands": entries}).status == 404
    ((asked, actor, error),) = agent.controller.refused
    assert (asked, actor.face) == ("on 1, off 99", "cli")
    assert "99" in error


def test_the_longest_sensible_batch_fits(agent: RunningAgent) -> None:
    entry = {"outlet": 1, "command": "reboot", "delayed": True, "delay_s": 7200.123456}
    body = json.dumps({"commands": [entry] * 64}, indent=1).encode()
    assert len(body) < api.MAX_BODY_BYTES
    assert agent.local("POST", "/api/v1/commands", {"commands": [entry] * 64}).status == 200


def test_a_huge_body_is_413(agent: RunningAgent) -> None:
    body = b'{"delayed": ' + b" " * 1_000_000 + b"true}"
    head = f"POST /api/v1/outlets/1/off HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    answer = raw(agent, head + "Content-Type: application/json\r\n\r\n", body)
    assert status_of(answer) == 413, answer[:200]
    assert b"too_large" in answer
    assert submitted(agent) == []


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_another_content_type_is_415(agent: RunningAgent, media: str) -> None:
    answer = agent.local("POST", "/api/v1/outlets/1/off", b"{}", **{"Content-Type": media})
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")
    assert submitted(agent) == []


def test_a_compressed_body_is_415(agent: RunningAgent) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert agent.local("POST", "/api/v1/outlets/1/off", b"\x1f\x8b", **headers).status == 415


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/outlets/1/on", "POST"),
        ("POST", "/api/v1/outlets/1", "GET, HEAD, PATCH"),
        ("DELETE", "/api/v1/status", "GET, HEAD"),
        ("OPTIONS", "/api/v1/commands", "POST"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(
    agent: RunningAgent, method: str, path: str, allowed: str
) -> None:
    answer = agent.local(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert answer.json["code"] == "method_not_allowed"


def test_a_body_that_never_arrives_is_given_up(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_TIMEOUT_S", 0.1)
    head = "POST /api/v1/outlets/1/off HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    answer = raw(agent, head, b"{")
    assert status_of(answer) == 408
    assert submitted(agent) == []


def test_garbage_is_400(agent: RunningAgent) -> None:
    assert status_of(raw(agent, "\x16\x03\x01 hello\r\n\r\n")) == 400


def test_a_failure_in_the_agent_is_a_500_without_details(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: FakeController, commands: object, actor: object) -> None:
        raise RuntimeError("inner secret")

    monkeypatch.setattr(FakeController, "submit_all", broken)
    answer = agent.local("POST", "/api/v1/outlets/1/off")
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert b"secret" not in answer.body
    assert "inner secret" in caplog.text


# -- TCP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/v1/outlets/1/off", "/api/v1/commands", "/api/v1/nothing"])
def test_tcp_refuses_a_stranger(agent: RunningAgent, method: str, path: str) -> None:
    answer = agent.stranger(method, path)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if method != "HEAD":
        assert answer.json["code"] == "not_authenticated"
    assert submitted(agent) == []


def test_tcp_reads(agent: RunningAgent) -> None:
    assert agent.tcp("GET", "/api/v1/status").json["device"]["name"] == "rack-7"
    assert agent.tcp("HEAD", "/api/v1/status").status == 200


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:99", "[::1]", "[::1]:8080"]
)
def test_tcp_answers_to_its_own_names(agent: RunningAgent, host: str) -> None:
    assert agent.tcp("GET", "/", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.", "", "[", "::1"],
)
def test_tcp_does_not_answer_to_a_strangers_name(agent: RunningAgent, host: str) -> None:
    answer = agent.tcp("GET", "/api/v1/status", Host=host)
    assert (answer.status, answer.json["code"]) == (421, "wrong_host")


def test_tcp_wants_a_host_header(agent: RunningAgent) -> None:
    with socket.create_connection(("127.0.0.1", agent.tcp_port), 10) as client:
        client.sendall(b"GET /api/v1/status HTTP/1.0\r\n\r\n")
        assert status_of(read_all(client)) == 400


def raw(agent: RunningAgent, head: str, body: bytes = b"") -> bytes:
    """Send exactly these bytes to the Unix socket and read until the server is done."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(agent.socket_path))
        with contextlib.suppress(BrokenPipeError):  # refused before everything was sent
            client.sendall(head.encode("latin-1") + body)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    """Everything up to the end of the connection, or of the first answer with a length."""
    received = b""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            part = client.recv(65536)
        except ConnectionResetError:
            break
        received += part
        head, _, rest = received.partition(b"\r\n\r\n")
        length = [
            line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        ]
        if not part or (length and len(rest) >= int(length[0].split(b":")[1])):
            break
    return received


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_many_connections_at_once_leave_room_and_leave_no_thread(agent: RunningAgent) -> None:
    before = threading.active_count()
    clients = []
    try:
        for _ in range(100):
            clients.append(socket.socket(socket.AF_UNIX))
            clients[-1].connect(str(agent.socket_path))
        surplus = 100 - UNIX_CONNECTIONS
        deadline = time.monotonic() + 10
        while len(closed := select.select(clients, [], [], 0.1)[0]) < surplus:
            assert time.monotonic() < deadline, len(closed)
        assert len(closed) == surplus
        assert all(client.recv(1) == b"" for client in closed)
        assert agent.tcp("GET", "/api/v1/health").status == 200
    finally:
        for client in clients:
            client.close()
    assert threading.active_count() == before


def test_only_thresholds_with_a_limit_are_listed_and_only_limits_that_watch(
    agent: RunningAgent,
) -> None:
    (threshold,) = agent.local("GET", "/api/v1/thresholds").json["thresholds"]
    assert (threshold["target"], threshold["quantity"]) == ("inlet 1", "current")
    assert threshold["high_warning"] == 12.8
    assert threshold["high_critical"] is None


def test_events_come_newest_first_and_name_who_caused_them(agent: RunningAgent) -> None:
    newest, oldest = agent.local("GET", "/api/v1/events").json["events"]
    assert (newest["number"], newest["target"]) == (42, "outlet 3")
    assert newest["user"] == "snmp switcher from 10.0.0.5"
    assert (oldest["number"], oldest["target"], oldest["user"]) == (41, None, None)
