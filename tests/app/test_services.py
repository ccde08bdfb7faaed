# SPDX-License-Identifier: Apache-2.0
"""Service files, judged by systemd's own tools, and the datagrams that systemd expects."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdu_agent.app.systemd import ServiceManager
from tests.peers import require

ETC = Path(__file__).parents[2] / "etc"
UNIT = ETC / "openpdu.service"
INITD = ETC / "openpdu.initd"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here, which verify insists on."""
    path = tmp_path / "openpdu.service"
    text = UNIT.read_text(encoding="utf-8")
    path.write_text(text.replace("/usr/local/bin/openpdu", "/bin/true"), encoding="utf-8")
    return path


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"}
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=60, env=environ
    )


@pytest.mark.peer
def test_systemd_finds_nothing_wrong_in_the_unit(unit: Path) -> None:
    require("systemd-analyze")
    done = run("systemd-analyze", "verify", "--man=no", unit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.peer
def test_the_unit_is_exposed_by_at_most_2_0(unit: Path) -> None:
    require("systemd-analyze")
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"Overall exposure level.*?: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= 2.0


def test_the_unit_may_give_a_socket_to_a_group_of_its_user() -> None:
    """snmp.pass_persist.group, nut.group; @privileged, which is taken away, has @chown in it."""
    text = UNIT.read_text(encoding="utf-8")
    *_, last = re.findall(r"(?m)^SystemCallFilter=(.*)$", text)
    assert last == "@chown"
    assert not re.search(r"(?m)^(CapabilityBoundingSet|AmbientCapabilities)=.*CHOWN", text)


def test_the_unit_may_make_the_socket_of_a_nut_driver_where_there_is_nut() -> None:
    """ProtectSystem=strict keeps it out of /run/nut; the - lets it start without such a folder."""
    text = UNIT.read_text(encoding="utf-8")
    assert re.findall(r"(?m)^ReadWritePaths=(.*)$", text) == ["-/run/nut"]
    assert "AF_UNIX" in re.findall(r"(?m)^RestrictAddressFamilies=(.*)$", text)[0]


@pytest.mark.peer
def test_the_user_and_its_groups_can_be_made() -> None:
    require("systemd-analyze")  # of the same package
    done = run("systemd-sysusers", "--dry-run", ETC / "openpdu.sysusers")
    assert done.returncode == 0, done.stderr
    known = run("getent", "passwd", "openpdu").returncode == 0
    assert known or "'openpdu'" in done.stdout + done.stderr


def test_a_wrong_configuration_is_not_tried_again() -> None:
    text = UNIT.read_text(encoding="utf-8")
    assert "RestartPreventExitStatus=78" in text
    assert "Type=notify" in text
    assert "WatchdogSec=10" in text


def test_both_services_keep_the_runtime_folder_over_a_restart() -> None:
    """The live record lies in it: losing it would look like a power cut."""
    assert "RuntimeDirectoryPreserve=yes" in UNIT.read_text(encoding="utf-8")
    assert "rm " not in INITD.read_text(encoding="utf-8")


def test_the_openrc_script_is_posix_shell() -> None:
    shells = [name for name in ("sh", "dash") if shutil.which(name)]
    for shell in shells:
        done = run(shell, "-n", INITD)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_openrc_script_does_what_openrc_asks_for(tmp_path: Path) -> None:
    """Its functions run with openrc's own commands replaced by ones that write down calls."""
    calls = tmp_path / "calls"
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("", encoding="utf-8")
    script = f"""
        RC_SVCNAME=openpdu
        openpdu_secrets={secrets}
        checkpath() {{ echo "checkpath $*" >> {calls}; }}
        need() {{ echo "need $*" >> {calls}; }}
        use() {{ :; }}
        after() {{ :; }}
        su() {{ echo "su $*" >> {calls}; }}
        . {INITD}
        depend
        start_pre || exit 1
        echo "$command $command_args|$supervisor|$capabilities|$RUNTIME_DIRECTORY"
    """
    done = run("sh", "-euc", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "/usr/local/bin/openpdu run --config /etc/openpdu/openpdu.yaml"
        "|supervise-daemon|^cap_net_bind_service|/run/openpdu\n"
    )
    assert calls.read_text(encoding="utf-8").splitlines() == [
        "need localmount",
        "checkpath --directory --owner openpdu:openpdu --mode 0700 /var/lib/openpdu",
        "checkpath --directory --owner openpdu:openpdu --mode 0755 /run/openpdu",
        "checkpath --file --owner openpdu:openpdu --mode 0640 /var/log/openpdu.log",
        f"checkpath --file --owner openpdu:openpdu --mode 0600 {secrets}",
        "su -s /bin/sh openpdu -c /usr/local/bin/openpdu check /etc/openpdu/openpdu.yaml",
    ]


# sd_notify


@pytest.fixture
def manager_socket(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        yield receiver


def test_each_message_is_one_datagram(manager_socket: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager_socket.getsockname(), "WATCHDOG_USEC": "10000000"}
    manager = ServiceManager(environ, pid=77)
    manager.ready("8 outlets\nREADY=0")
    manager.watchdog()
    manager.status("one\ntwo")
    manager.stopping()
    assert [manager_socket.recv(4096) for _ in range(4)] == [
        b"READY=1\nSTATUS=8 outlets READY=0",
        b"WATCHDOG=1",
        b"STATUS=one two",
        b"STOPPING=1",
    ]
    manager.close()


def test_an_abstract_socket_is_reached() -> None:
    name = f"openpdu-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.settimeout(5)
        manager = ServiceManager({"NOTIFY_SOCKET": "@" + name})
        manager.ready()
        assert receiver.recv(4096) == b"READY=1"
        manager.close()


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({"WATCHDOG_USEC": "10000000"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "77"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "78"}, None),  # meant for another process
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_of_what_systemd_waits(
    environ: dict[str, str], interval_s: float | None
) -> None:
    assert ServiceManager(environ, pid=77).watchdog_interval_s == interval_s


def test_without_systemd_nothing_happens() -> None:
    manager = ServiceManager({})
    manager.ready()
    manager.watchdog()
    manager.status("x")
    manager.stopping()
    manager.close()


def test_a_manager_that_is_gone_is_told_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"NOTIFY_SOCKET": str(tmp_path / "none"), "WATCHDOG_USEC": "1000000"}
    manager = ServiceManager(environ)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            manager.watchdog()
    manager.close()
    manager.ready()
    assert len(caplog.records) == 1
