# SPDX-License-Identifier: Apache-2.0
"""`openpdu run` on what a configuration names: a real meter's bytes, and every way to fail."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers import require
from tests.system.demo_process import BASE, ROOT, free_port

pytestmark = pytest.mark.peer
SAMPLE = bytes.fromhex((ROOT / "tests/hw/data/ecm1240_recorded.hex").read_text(encoding="ascii"))
SECRETS = """\
schema: 1
communities:
  - {name: reader, community: look-but-dont-touch}
users:
  - {name: admin, auth_pass: admin-auth-secret, priv_pass: admin-priv-secret, rights: write}
"""
ADMIN = [
    *("-v3", "-u", "admin", "-l", "authPriv", "-a", "SHA-256", "-A", "admin-auth-secret"),
    *("-x", "AES", "-X", "admin-priv-secret"),
]


class Run:
    """`openpdu run` with its files in one folder."""

    def __init__(self, folder: Path, body: str) -> None:
        self.folder = folder
        self.port = free_port(socket.SOCK_DGRAM)
        self.config = folder / "openpdu.yaml"
        self.config.write_text(
            "schema: 1\n"
            f"state_dir: {folder}/state\n"
            f"runtime_dir: {folder}/run\n"
            f"snmp: {{listen: ['127.0.0.1:{self.port}'], credentials: secrets.yaml}}\n"
            "http: {listen: ''}\n" + body,
            encoding="utf-8",
        )
        self.secrets = folder / "secrets.yaml"
        self.secrets.write_text(SECRETS, encoding="utf-8")
        self.secrets.chmod(0o600)

    def popen(self, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pdu_agent", "run", "--config", str(self.config)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **environ},
        )

    def fails_with(self) -> str:
        """Start it in the belief that it cannot start; its complaint."""
        with self.popen() as process:
            _, complaint = process.communicate(timeout=30)
        assert process.returncode not in (0, None)
        assert "Traceback" not in complaint
        return complaint

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        with self.popen() as process:
            try:
                self.wait_for_snmp(process)
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=20)

    def wait_for_snmp(self, process: subprocess.Popen[str]) -> None:
        end_s = time.monotonic() + 20
        while "OpenPDU" not in self.get("1.3.6.1.2.1.1.1.0"):
            assert process.poll() is None
            assert time.monotonic() < end_s
            time.sleep(0.1)

    def get(self, *oids: str) -> str:
        result = subprocess.run(
            [
                *("snmpget", "-v2c", "-c", "look-but-dont-touch", "-t", "1", "-r", "0", "-Oqve"),
                f"127.0.0.1:{self.port}",
                *oids,
            ],
            capture_output=True,
            check=False,
            env={**os.environ, "MIBS": ""},
        )
        return (result.stdout + result.stderr).decode("utf-8").strip()


METER = """\
meters:
  - name: house
    driver: ecm1240
    port: {port}
    interval_s: 2
    channels: {{ch1: inlet 1, ch2: outlet 1, aux1: outlet 2}}
outlets:
  - {{number: 1, name: heating}}
  - {{number: 2, name: light}}
"""


@contextmanager
def recorded_meter() -> Iterator[str]:
    """A pty whose other side sends the recorded packet again and again, 1 s of it apart."""
    master, slave = pty.openpty()
    tty.setraw(master)
    stop = threading.Event()

    def talk() -> None:
        while not stop.wait(0.5):
            os.write(master, SAMPLE)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        stop.set()
        thread.join()
        os.close(master)
        os.close(slave)


@pytest.mark.usefixtures("terminals")
def test_a_recorded_meter_packet_reaches_snmpget(tmp_path: Path) -> None:
    require("snmpget")
    with recorded_meter() as port:
        run = Run(tmp_path, METER.format(port=port))
        with run.running():
            inlet, meter = f"{BASE}.1.2.1.1", f"{BASE}.1.3.2.1"
            end_s = time.monotonic() + 10
            while run.get(f"{inlet}.4.1") != "128800":
                assert time.monotonic() < end_s, run.get(f"{inlet}.4.1")
                time.sleep(0.2)
            assert run.get(f"{inlet}.5.1", f"{meter}.2.1").split() == ["210", "62280"]
            # The auxiliary channels have no current, and the meter no frequency: no instance,
            # not a zero.
            assert "No Such Instance" in run.get(f"{meter}.2.2")
            assert "No Such Instance" in run.get(f"{inlet}.10.1")


def test_the_shipped_configuration_runs_on_the_simulator(tmp_path: Path) -> None:
    shipped = ROOT / "etc" / "openpdu.yaml"
    process = subprocess.Popen(
        [sys.executable, "-m", "pdu_agent", "run", "--config", str(shipped)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        env={
            **os.environ,
            "OPENPDU_STATE_DIR": str(tmp_path / "state"),
            "OPENPDU_RUNTIME_DIR": str(tmp_path / "run"),
            "OPENPDU_SNMP_LISTEN": f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}",
            "OPENPDU_HTTP_LISTEN": f"127.0.0.1:{free_port(socket.SOCK_STREAM)}",
        },
    )
    with process:
        try:
            status = None
            end_s = time.monotonic() + 20
            while status is None or status["outlets"][0]["meter"]["active_power_w"] is None:
                assert time.monotonic() < end_s, status
                time.sleep(0.3)
                answer = subprocess.run(
                    [
                        *(sys.executable, "-m", "pdu_agent", "status", "--json"),
                        *("--socket", str(tmp_path / "run" / "api.sock")),
                    ],
                    cwd=ROOT,
                    capture_output=True,
                    check=False,
                )
                status = json.loads(answer.stdout) if answer.returncode == 0 else None
            assert len(status["outlets"]) == 8
        finally:
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"openpdu init" in stderr


def test_a_missing_device_is_retried_and_does_not_stop_the_agent(tmp_path: Path) -> None:
    require("snmpget")
    run = Run(tmp_path, METER.format(port=tmp_path / "no-such-tty"))
    with run.running() as process:
        assert run.get(f"{BASE}.1.2.1.1.17.1") in ("2", "3")
        assert run.get(f"{BASE}.1.1.8.0") == "3"
    assert process.returncode == 0


def test_broken_yaml_names_every_place_at_once(tmp_path: Path) -> None:
    run = Run(tmp_path, "outlets:\n  - {number: 0}\n  - {number: 2, off_dely_s: 4}\nlogg: 1\n")
    complaint = run.fails_with()
    assert "openpdu.yaml:7:" in complaint
    assert "off_delay_s" in complaint
    assert "openpdu.yaml:9:" in complaint


def test_an_open_secrets_file_is_refused_with_the_cure(tmp_path: Path) -> None:
    run = Run(tmp_path, "")
    run.secrets.chmod(0o644)
    assert "chmod 600" in run.fails_with()


def test_an_unusable_state_folder_is_named(tmp_path: Path) -> None:
    run = Run(tmp_path, "")
    (tmp_path / "state").write_text("a file where a folder should be", encoding="utf-8")
    assert f"{tmp_path}/state" in run.fails_with()


def test_a_second_agent_on_the_same_folders_is_refused(tmp_path: Path) -> None:
    require("snmpget")
    run = Run(tmp_path, "")
    with run.running():
        assert f"{tmp_path}/run" in run.fails_with()


def test_a_torn_record_falls_back_and_says_so(tmp_path: Path) -> None:
    require("snmpget")
    run = Run(tmp_path, "")
    for _ in range(2):
        with run.running():
            pass
    shutil.rmtree(tmp_path / "run")
    records = sorted((tmp_path / "state").iterdir(), key=lambda path: path.stat().st_mtime)
    newest = records[-1]
    newest.write_bytes(newest.read_bytes()[:-7])
    with run.popen() as process:
        run.wait_for_snmp(process)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=20)
    assert newest.name in stderr
    for record in (tmp_path / "state").iterdir():
        record.write_bytes(b"torn")
    shutil.rmtree(tmp_path / "run")
    assert "backup" in run.fails_with()


def test_no_secret_appears_in_any_output(tmp_path: Path) -> None:
    require("snmpget")
    run = Run(tmp_path, "log: {level: debug}\n")
    with run.popen() as process:
        run.wait_for_snmp(process)
        subprocess.run(
            ["snmpget", *ADMIN, f"127.0.0.1:{run.port}", "1.3.6.1.2.1.1.1.0"],
            capture_output=True,
            check=True,
        )
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=20)
    dumps = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    for secret in ("look-but-dont-touch", "admin-auth-secret", "admin-priv-secret"):
        assert secret not in stderr
        assert not any(secret.encode() in dump for dump in dumps)


def test_systemd_hears_ready_then_a_fed_watchdog_then_stopping(tmp_path: Path) -> None:
    require("snmpget")
    run = Run(tmp_path, "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "10000000"}
        with run.popen(**environ) as process:
            heard = [manager.recv(4096).decode() for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        manager.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(manager.recv(4096).decode())
    assert heard[0].startswith("READY=1")
    assert heard[1:3] == ["WATCHDOG=1", "WATCHDOG=1"]
    assert heard[-1] == "STOPPING=1"
