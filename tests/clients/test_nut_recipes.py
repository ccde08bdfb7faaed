# SPDX-License-Identifier: Apache-2.0
"""The pieces of contrib/nut/board and server in NUT's own daemons, as docs/ups-guide.md has them.

The UPS on the board is NUT's dummy-ups, and so is the outlet that a server watches here: what
the agent really tells of it is the matter of tests/nut.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.clients import stage
from tests.docs.transcripts import commands
from tests.nut.dummy import DummyUps
from tests.nut.unit import Unit
from tests.nut.upsd import Upsd, driver
from tests.peers import require
from tests.system.demo_process import ROOT

pytestmark = pytest.mark.peer

CONTRIB = ROOT / "contrib" / "nut"
# Debian's upsmon in the PATH does nothing unless /etc/nut/nut.conf has a mode; this is the program.
UPSMON = "/lib/nut/upsmon"
BASE = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ''}}
simulator: {{relay_log: {folder}/relays.log}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
meters:
  - {{name: strip, driver: ads130e08, bus: sim:0, voltage: {{channel: 1, divider: 200}},
      currents: [{{channel: 2, feeds: outlet 3}}]}}
inlets: [{{number: 1}}]
outlets:
  - {{number: 1, relay: main.0}}
  - {{number: 2, relay: main.1}}
  - number: 3
    relay: main.2
    before_off: nut-down
    graceful: {{idle_below_w: 5, idle_for_s: 5, time_limit_s: 180}}
"""
SECRETS = {
    user: f"secret-of-{whose}"
    for user, whose in {
        "board": "the-board",
        "server": "the-servers",
        "homeassistant": "home-assistant",
        "admin": "the-admin",
    }.items()
}


class Board(Upsd):
    """upsd with the files of contrib/nut/board, but for places that a test has of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.state_path.mkdir()
        self.rack, self.outlet = DummyUps(folder, "rack"), DummyUps(folder, "outlet3")

    def write(self, more: Mapping[str, str], plays_outlet: bool) -> None:
        """more: lines of upsd.conf with those that stand here in their place. plays_outlet: the
        outlet is a dummy-ups.
        """
        host, port = self.address.split(":")
        devices = {
            "driver = usbhid-ups\n    port = auto": self.rack.section.strip(),
            "    offdelay = 60\n    ondelay = 120\n": "",
        }
        if plays_outlet:
            real = "[outlet3]\n    driver = openpdu\n    port = none"
            devices[real] = f"[outlet3]\n{self.outlet.section}"
        self.piece("board/ups.conf", devices)
        self.piece("board/upsd.conf", {"LISTEN 127.0.0.1 3493": f"LISTEN {host} {port}", **more})
        self.piece("board/upsd.users", {})
        self.folder.chmod(0o700)
        self.state_path.chmod(0o700)

    def piece(self, name: str, replaced: Mapping[str, str], folder: Path | None = None) -> Path:
        return stage.written(folder or self.folder, f"nut/{name}", replaced)

    def watcher(self, name: str, more: Mapping[str, str] | None = None) -> tuple[Path, Path]:
        """A folder with the upsmon.conf of `name`, and the file that its shutdown makes.

        more: as of `write`.
        """
        folder = self.folder / name
        folder.mkdir()
        ended = folder / "ended"
        ours = {
            "board": {
                "127.0.0.1:3493": self.address,
                "/etc/killpower": str(folder / "killpower"),
                "POLLFREQALERT 2": "POLLFREQALERT 1",
                "FINALDELAY 5": "FINALDELAY 0",
            },
            "server": {"192.0.2.10:3493": self.address, "POLLFREQALERT 5": "POLLFREQALERT 1"},
        }[name]
        common = {"/sbin/shutdown -h +0": f"/bin/touch {ended}", "POLLFREQ 5": "POLLFREQ 1"}
        self.piece(f"{name}/upsmon.conf", {**common, **ours, **(more or {})}, folder)
        return folder, ended

    def watchers_of(self, name: str) -> str:
        """The addresses that are logged in."""
        return self.run("upsc", "-c", self.ups(name)).rpartition("\n")[2]


@contextmanager
def board(
    folder: Path, more: Mapping[str, str] | None = None, plays_outlet: bool = True
) -> Iterator[Board]:
    require("upsd", "upsc", "upscmd", "upsrw", "upsmon", "dummy-ups")
    server = Board(folder)
    server.write(more or {}, plays_outlet)
    with ExitStack() as running:
        running.callback(server.stop)
        server.start()
        for name in ("rack", "outlet3") if plays_outlet else ("rack",):
            running.enter_context(driver(server, "dummy-ups", name))
        server.until(lambda: server.upsc("rack", "ups.status").endswith("OL CHRG"))
        yield server


@contextmanager
def upsmon(folder: Path, server: Upsd) -> Iterator[Path]:
    """upsmon with the upsmon.conf in `folder`; its log. As root its PID file is in /run, whatever
    it is told; a name of its own keeps it from taking another one for its predecessor.
    """
    log = folder / "upsmon.log"
    program = folder / f"upsmon-{os.getpid()}-{folder.name}"
    program.symlink_to(UPSMON)
    places = {**server.environment, "NUT_CONFPATH": str(folder), "NUT_ALTPIDPATH": str(folder)}
    with stage.daemon(log, str(program), "-F", "-p", environment=places):
        yield log


def test_upsd_knows_the_ups_the_unit_and_the_outlet(tmp_path: Path) -> None:
    with board(tmp_path) as server:
        assert server.run("upsc", "-l", server.address).split() == ["rack", "pdu", "outlet3"]
        assert server.upsc("rack", "battery.charge") == "100"
        assert server.upsc("pdu", "outlet.count") == "Error: Driver not connected"
        assert "expected" not in server.log.read_text("utf-8")


def test_the_server_goes_down_with_its_outlet_and_the_board_when_the_ups_says_low(
    tmp_path: Path,
) -> None:
    with board(tmp_path) as server:
        server.outlet.say(status="OL")
        its_folder, its_end = server.watcher("server")
        own_folder, own_end = server.watcher("board")
        with upsmon(its_folder, server), upsmon(own_folder, server) as log:
            server.until(lambda: server.watchers_of("outlet3") == "127.0.0.1")
            server.until(lambda: server.watchers_of("rack") == "127.0.0.1")
            server.rack.say({"battery.charge": "40"}, status="OB DISCHRG")
            server.outlet.say(status="FSD OB LB")
            server.until(its_end.exists)
            server.until(lambda: "on battery" in log.read_text("utf-8"))
            assert not own_end.exists()
            server.rack.say({"battery.charge": "19"}, status="OB DISCHRG LB")
            server.until(own_end.exists)
            assert (own_folder / "killpower").exists()


def test_users_may_do_what_the_page_says(tmp_path: Path) -> None:
    with board(tmp_path) as server:
        for user, may in {
            "server": False,
            "board": False,
            "homeassistant": True,
            "admin": True,
        }.items():
            who = ("-u", user, "-p", SECRETS[user])
            told = server.run("upscmd", *who, server.ups("rack"), "load.off")
            assert ("ACCESS-DENIED" in told) is not may, told
            told = server.run("upsrw", "-s", "battery.charge=55", *who, server.ups("rack"))
            assert ("ACCESS-DENIED" in told) is not may, told


@pytest.mark.parametrize("which", ["usbhid-ups", "apcsmart"])
def test_the_drivers_take_their_section(tmp_path: Path, which: str) -> None:
    """They find no UPS, but are past their settings by then."""
    require(which)
    text = (CONTRIB / "board" / "ups.conf").read_text("utf-8")
    if which == "apcsmart":
        lines = text.splitlines()
        start = lines.index("# [rack]")
        text = "\n".join(line.removeprefix("# ") for line in lines[start : start + 4])
        text = text.replace("/dev/ttyUSB0", str(tmp_path / "none"))
    stage.private(tmp_path / "ups.conf", text)
    server = Upsd(tmp_path)
    server.state_path.mkdir()
    told = server.run(which, "-F", "-a", "rack", "-u", getpass.getuser())
    assert "not a valid" not in told
    assert "No matching HID UPS found" in told or "No such file" in told, told


@pytest.mark.parametrize("verb", ["start", "shutdown"])
def test_upsdrvctl_means_the_ups_alone(tmp_path: Path, verb: str) -> None:
    """-t: it tells what it would call. At `start` it gives up at the first that has no program."""
    require("upsdrvctl")
    server = Upsd(tmp_path)
    server.state_path.mkdir()
    stage.written(tmp_path, "nut/board/ups.conf", {})
    told = server.run("upsdrvctl", "-t", verb)
    assert re.findall(r"exec: +\S+ -a (\w+)", told) == ["rack"]


@pytest.mark.parametrize(("place", "mode"), [("board", "netserver"), ("server", "netclient")])
def test_debians_scripts_find_the_mode(place: str, mode: str) -> None:
    """They source the file, as those of upsd and upsmon in the PATH do."""
    told = subprocess.run(
        ["sh", "-c", '. "$0" && echo "$MODE"', CONTRIB / place / "nut.conf"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout == f"{mode}\n"


def test_certificate_is_that_of_the_host_for_who_trusts_it(tmp_path: Path) -> None:
    """upsd has it, Python and upsmon believe it, and neither takes it for that of another host."""
    require("openssl", "certutil", "pk12util", "upsd")
    folder, nut = tmp_path / "certificates", tmp_path / "nut"
    run(CONTRIB / "make-certificate", "127.0.0.1", folder, "secret-of-the-database")
    nut.mkdir()
    with board(nut, uncommented("board/upsd.conf", folder)) as server:
        host, port = server.address.split(":")
        trusting = ssl.create_default_context(cafile=str(folder / "upsd.pem"))
        assert greeted(trusting, host, int(port), host).startswith("Network UPS Tools")
        with pytest.raises(ssl.SSLCertVerificationError, match="elsewhere"):
            greeted(trusting, host, int(port), "elsewhere")
        trusted = tmp_path / "trusted"
        trusted.mkdir()
        run("certutil", "-N", "-d", f"sql:{trusted}", "--empty-password")
        trust = ("-n", "board", "-t", "P,,", "-i", folder / "upsd.pem")
        run("certutil", "-A", "-d", f"sql:{trusted}", *trust)
        place, _ = server.watcher("server", uncommented("server/upsmon.conf", trusted))
        with upsmon(place, server) as log:
            server.until(lambda: server.watchers_of("outlet3") == "127.0.0.1")
            assert "authenticate server 127.0.0.1 : SUCCESS" in log.read_text("utf-8")


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def uncommented(piece: str, store: Path) -> dict[str, str]:
    """The three lines about TLS, with those that they are once they are used."""
    lines = (CONTRIB / piece).read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("# CERTPATH"))
    found = {
        line: line.removeprefix("# ").replace("/etc/nut/certificates", str(store))
        for line in lines[start : start + 3]
    }
    assert len(found) == 3
    return found


def greeted(context: ssl.SSLContext, host: str, port: int, name: str) -> str:
    """What it answers to VER once the connection is encrypted."""
    with socket.create_connection((host, port), timeout=10) as plain:
        plain.sendall(b"STARTTLS\n")
        assert plain.recv(100) == b"OK STARTTLS\n"
        with context.wrap_socket(plain, server_hostname=name) as encrypted:
            encrypted.sendall(b"VER\nLOGOUT\n")
            return encrypted.recv(200).decode("ascii")


def test_the_unit_is_served_beside_the_ups_that_it_reads(tmp_path: Path) -> None:
    nut = tmp_path / "nut"
    nut.mkdir()
    with board(nut, plays_outlet=False) as server, agent(tmp_path / "unit", server) as unit:
        server.until(lambda: server.upsc("outlet3", "ups.status") in ("OL", "FSD OFF"))
        assert server.upsc("pdu", "outlet.count") == "3"
        who = ("-w", "-u", "homeassistant", "-p", SECRETS["homeassistant"])
        verb = "off" if server.upsc("pdu", "outlet.1.status") == "on" else "on"
        told = server.run("upscmd", *who, server.ups("pdu"), f"outlet.1.load.{verb}")
        assert told.endswith("SUCCESS"), told
        server.until(lambda: server.upsc("pdu", "outlet.1.status") == verb)
        told = server.run("upscmd", *who, server.ups("pdu"), "outlet.3.load.off")
        assert "CMD-NOT-SUPPORTED" in told
        server.until(lambda: flags_of_rack(unit) == {"charging", "on line"})
        server.rack.say(status="OB DISCHRG")
        server.until(lambda: "on battery" in flags_of_rack(unit))
        server.until(lambda: server.upsc("pdu", "ups.status") == "OB")
        server.until(lambda: server.upsc("outlet3", "ups.status") in ("OB", "FSD OFF"))


def test_clients_do_what_the_page_shows(tmp_path: Path) -> None:
    documented = list(commands(stage.section("NUT")))
    assert len(documented) >= 8
    nut = tmp_path / "nut"
    nut.mkdir()
    with board(nut, plays_outlet=False) as server, agent(tmp_path / "unit", server) as unit:
        for outlet in (1, 2, 3):
            unit.switch(outlet, "on")
        server.until(lambda: server.upsc("outlet3", "ups.status") == "OL")
        server.until(lambda: unit.moves()[-1:] == ["3 1"])
        for command, output in documented:
            words = shlex.split(command.replace("127.0.0.1:3493", server.address))
            assert server.run(*words) == stage.expected(output), command
        assert unit.moves()[-1] == "1 0"


@contextmanager
def agent(folder: Path, server: Upsd) -> Iterator[Unit]:
    """With the piece that the page shows."""
    replaced = {
        "state_path: /run/nut": f"state_path: {server.state_path}\n  group: ''",
        "- name: rack": f"- name: rack\n    server: {server.address}",
    }
    folder.mkdir()
    piece = stage.written(folder, "nut/board/openpdu.yaml", replaced).read_text("utf-8")
    unit = Unit(folder, BASE.format(folder=folder) + piece)
    try:
        unit.start()
        yield unit
    finally:
        unit.stop()


def flags_of_rack(unit: Unit) -> set[str]:
    """As the agent knows them."""
    (row,) = unit.api("GET", "/upses")[1]["upses"]
    return {flag["flag"] for flag in row["flags"]}


def test_the_page_names_files_and_sections_that_are_there() -> None:
    page = (ROOT / "docs" / "ups-guide.md").read_text("utf-8")
    for folder, names in re.findall(
        r"cd (contrib/nut/\w+) && install -m 640 -g nut (.*) /etc", page
    ):
        assert {path.name for path in (ROOT / folder).iterdir()} >= set(names.split())
    assert (CONTRIB / "make-certificate").stat().st_mode & 0o111
    sections = re.findall(r"(?m)^\[(\w+)\]", (CONTRIB / "board" / "ups.conf").read_text("utf-8"))
    assert sections == ["rack", "pdu", "outlet3"]
    users = re.findall(r"(?m)^\[(\w+)\]", (CONTRIB / "board" / "upsd.users").read_text("utf-8"))
    assert set(users) == set(SECRETS)
