# SPDX-License-Identifier: Apache-2.0
"""`openpdu demo` as scripts of others rely on it: options, files, credentials, restarts."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.peers import require
from tests.system.demo_process import BASE, COMMAND, ROOT, STATE, Demo, free_port

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    require("snmpget", "snmpset", "snmpwalk")
    with Demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def settle(demo: Demo, outlet: int, state: str, limit_s: float = 5.0) -> None:
    end_s = time.monotonic() + limit_s
    while demo.snmp("snmpget", "-Oqve", f"{STATE}.{outlet}") != state:
        assert time.monotonic() < end_s, demo.outlets()[outlet - 1]
        time.sleep(0.05)


def test_at_the_first_start_all_outlets_are_on_with_a_load(demo: Demo) -> None:
    walk = demo.snmp("snmpwalk", "-Oqve", STATE).splitlines()
    assert walk == ["1"] * 8
    assert demo.relay_movements() == []
    end_s = time.monotonic() + 10
    while True:
        power = demo.snmp("snmpwalk", "-Oqv", f"{BASE}.1.3.2.1.3").splitlines()
        if len(power) == 8 and sum(int(mw.split()[0]) > 0 for mw in power) >= 5:
            break
        assert time.monotonic() < end_s, power
        time.sleep(0.2)
    assert demo.snmp("snmpget", "-Oqve", f"{BASE}.1.3.1.1.15.1") == "3"


@pytest.mark.parametrize(
    "credential",
    [
        ["-v1", "-c", "private"],
        ["-v2c", "-c", "private"],
        ["-v3", "-u", "switcher", "-l", "authNoPriv", "-a", "SHA-256", "-A", "switcher-auth-pass"],
        [
            *("-v3", "-u", "operator", "-l", "authPriv", "-a", "SHA-256"),
            *("-A", "operator-auth-pass", "-x", "AES", "-X", "operator-priv-pass"),
        ],
        [
            *("-v3", "-u", "compat", "-l", "authPriv", "-a", "SHA"),
            *("-A", "compat-auth-pass", "-x", "AES", "-X", "compat-priv-pass"),
        ],
    ],
    ids=["v1", "v2c", "switcher", "operator", "compat"],
)
def test_each_writing_credential_switches_an_outlet(demo: Demo, credential: list[str]) -> None:
    before = len(demo.relay_movements())
    demo.snmp_as("snmpset", credential, f"{COMMAND}.2", "i", "2")
    settle(demo, 2, "2")
    demo.snmp_as("snmpset", credential, f"{COMMAND}.2", "i", "1")
    settle(demo, 2, "1")
    moved = demo.relay_movements()[before:]
    assert [(outlet, value) for _, outlet, value in moved] == [(2, 0), (2, 1)]
    assert abs(moved[-1][0] - time.time()) < 30


def test_reading_credentials_cannot_switch(demo: Demo) -> None:
    before = len(demo.relay_movements())
    viewer = ["-v3", "-u", "viewer", "-l", "authNoPriv", "-a", "SHA-256", "-A", "viewer-auth-pass"]
    assert "OpenPDU" in demo.snmp_as("snmpget", viewer, "-Oqv", "1.3.6.1.2.1.1.1.0")
    for credential in (viewer, ["-v2c", "-c", "public"]):
        assert "noAccess" in demo.snmp_as("snmpset", credential, f"{COMMAND}.3", "i", "2")
    assert "noSuchName" in demo.snmp_as(
        "snmpset", ["-v1", "-c", "public"], f"{COMMAND}.3", "i", "2"
    )
    assert len(demo.relay_movements()) == before


def test_a_get_after_a_set_never_shows_the_old_state(demo: Demo) -> None:
    for _ in range(10):
        for command, shown in (("2", {"2", "4"}), ("1", {"1", "3"})):
            demo.snmp("snmpset", f"{COMMAND}.4", "i", command, community="private")
            assert demo.snmp("snmpget", "-Oqve", f"{STATE}.4") in shown
    settle(demo, 4, "1")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((f"{COMMAND}.99", "i", "2"), "noCreation"),
        ((f"{COMMAND}.1", "s", "2"), "wrongType"),
        ((f"{COMMAND}.1", "i", "11"), "wrongValue"),
        ((f"{STATE}.1", "i", "2"), "notWritable"),
        ((f"{BASE}.1.3.1.1.2.1", "s", "x" * 33), "wrongLength"),
        ((f"{COMMAND}.1", "i", "2", f"{COMMAND}.1", "i", "1"), "inconsistentValue"),
    ],
)
def test_bad_input_has_its_own_error_and_moves_nothing(
    demo: Demo, arguments: tuple[str, ...], error: str
) -> None:
    before = len(demo.relay_movements())
    assert error in demo.snmp("snmpset", *arguments, community="private")
    assert len(demo.relay_movements()) == before


def test_one_bad_varbind_stops_the_whole_set_and_is_named(demo: Demo) -> None:
    before = len(demo.relay_movements())
    answer = demo.snmp(
        "snmpset",
        *(f"{COMMAND}.5", "i", "2", f"{COMMAND}.6", "i", "2", f"{COMMAND}.77", "i", "2"),
        community="private",
    )
    assert "noCreation" in answer
    assert f"{COMMAND.removeprefix('1')}.77" in answer
    time.sleep(0.3)
    assert len(demo.relay_movements()) == before


def test_a_locked_outlet_refuses_and_unlocks(demo: Demo) -> None:
    lock = f"{BASE}.1.3.1.1.11.7"
    demo.snmp("snmpset", lock, "i", "2", community="private")
    answer = demo.snmp("snmpset", f"{COMMAND}.7", "i", "2", community="private")
    assert "inconsistentValue" in answer
    demo.snmp("snmpset", lock, "i", "1", community="private")
    assert demo.snmp("snmpget", "-Oqve", f"{STATE}.7") == "1"


def test_a_wrong_community_gets_silence(demo: Demo) -> None:
    answer = demo.snmp_as(
        "snmpget", ["-v2c", "-c", "wrong", "-t", "0.3", "-r", "0"], "1.3.6.1.2.1.1.1.0"
    )
    assert "Timeout" in answer


def test_http_over_tcp_lets_in_who_logs_in(demo: Demo) -> None:
    def ask(method: str, path: str, body: object = None, **headers: str) -> tuple[int, str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", demo.http_port, timeout=10)
        named = {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, f"/api/v1/{path}", json.dumps(body or {}), named)
            answer = connection.getresponse()
            cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
            return answer.status, cookie, json.loads(answer.read())
        finally:
            connection.close()

    end_s = time.monotonic() + 10
    while True:
        try:
            assert ask("GET", "outlets")[0] == 401
            break
        except ConnectionError:
            assert time.monotonic() < end_s
            time.sleep(0.1)
    for name, status in (("viewer", 403), ("switcher", 200), ("operator", 200)):
        given = {"name": name, "password": f"{name}-auth-pass"}
        logged_in, cookie, session = ask("POST", "session", given)
        assert logged_in == 200
        headers = {"Cookie": cookie, "X-CSRF-Token": session["csrf_token"]}
        assert ask("GET", "outlets", **headers)[0] == 200
        assert ask("POST", "outlets/1/on", **headers)[0] == status
    assert ask("POST", "session", {"name": "tenant", "password": "tenant-auth-pass"})[0] == 401


def test_the_command_line_finds_the_running_demo(demo: Demo) -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pdu_agent", "status"),
            *("--socket", str(demo.runtime_dir / "api.sock")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert len([row for row in result.stdout.splitlines() if " on " in row]) >= 8


def test_restart_keeps_states_names_energy_and_moves_no_relay(tmp_path: Path) -> None:
    require("snmpget", "snmpset")
    demo = Demo(tmp_path, "--speed", "20")
    with demo:
        demo.snmp("snmpset", f"{COMMAND}.3", "i", "2", community="private")
        demo.snmp("snmpset", f"{BASE}.1.3.1.1.2.1", "s", "web", community="private")
        settle(demo, 3, "2")
        time.sleep(1)
        energy_mwh = int(demo.snmp("snmpget", "-Oqv", f"{BASE}.1.2.1.1.11.1").split()[0])
        boots = demo.api("GET", "/health")[1]["engine_boots"]
        demo.kill()
        moves = len(demo.relay_movements())
        demo.start()
        assert len(demo.relay_movements()) == moves
        assert demo.snmp("snmpget", "-Oqve", f"{STATE}.3") == "2"
        assert demo.snmp("snmpget", "-Oqv", f"{BASE}.1.3.1.1.2.1") == '"web"'
        after_mwh = int(demo.snmp("snmpget", "-Oqv", f"{BASE}.1.2.1.1.11.1").split()[0])
        assert energy_mwh > 0
        assert after_mwh >= energy_mwh - 1
        assert demo.api("GET", "/health")[1]["engine_boots"] == boots + 1


def test_an_emptied_runtime_folder_is_a_power_loss(tmp_path: Path) -> None:
    require("snmpget", "snmpset")
    demo = Demo(tmp_path)
    with demo:
        demo.snmp("snmpset", f"{COMMAND}.3", "i", "2", community="private")
        settle(demo, 3, "2")
        code, _ = demo.stop()
        assert code == 0
        shutil.rmtree(demo.runtime_dir)
        before = len(demo.relay_movements())
        demo.start()
        for outlet in (1, 2, 4, 5, 6, 7, 8):
            settle(demo, outlet, "1")
        moves = demo.relay_movements()[before:]
        assert [outlet for _, outlet, _ in moves] == [1, 2, 4, 5, 6, 7, 8]
        gaps_s = [b[0] - a[0] for a, b in pairwise(moves)]
        assert min(gaps_s) >= 0.24  # 10 ms: core/outlets/scheduler.py
        assert demo.snmp("snmpget", "-Oqve", f"{STATE}.3") == "2"
        assert demo.snmp("snmpget", "-Oqvt", f"{BASE}.1.2.1.1.12.1") != "0"


def test_ctrl_c_stops_cleanly_and_moves_nothing(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    with demo:
        code, printed = demo.stop()
    assert code == 0
    assert "snmpwalk" in printed or "snmpget" in printed
    assert "Traceback" not in demo.log()
    assert demo.relay_movements() == []
    assert not (demo.runtime_dir / "api.sock").exists()


def test_sigterm_is_the_same_as_ctrl_c(tmp_path: Path) -> None:
    demo = Demo(tmp_path).start()
    os.kill(demo.pid, signal.SIGTERM)
    assert demo.process is not None
    assert demo.process.wait(timeout=20) == 0
    assert demo.process.stdout is not None
    demo.process.stdout.close()


def test_sixty_four_outlets_answer(tmp_path: Path) -> None:
    require("snmpwalk")
    with Demo(tmp_path, "--outlets", "64") as demo:
        assert demo.snmp("snmpwalk", "-Oqve", STATE).splitlines() == ["1"] * 64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--outlets", "0"], "1 to 64"),
        (["--outlets", "65"], "1 to 64"),
        (["--snmp", "0.0.0.0:1161"], "loopback"),
        (["--http", "192.0.2.1:80"], "loopback"),
        (["--speed", "0"], "speed"),
        (["--identity", "apc"], "own"),
    ],
)
def test_bad_options_are_refused_with_what_was_expected(
    tmp_path: Path, options: list[str], message: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pdu_agent", "demo", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert result.returncode == 2
    assert message in result.stderr


def test_a_busy_port_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        demo = Demo(tmp_path)
        demo.snmp_port = port
        result = subprocess.run(
            demo.command(), cwd=ROOT, capture_output=True, timeout=30, check=False
        )
    assert result.returncode != 0
    error = result.stderr.decode("utf-8")
    assert str(port) in error
    assert "another program" in error
    assert "Traceback" not in error
    assert not demo.ready_file.exists()
