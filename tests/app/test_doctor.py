# SPDX-License-Identifier: Apache-2.0
"""`openpdu doctor` names what is broken and the cure, on boards made of files."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.commands.diagnose import report
from pdu_agent.app.config.load import load_settings
from pdu_agent.app.doctor.examine import Surroundings, examine
from pdu_agent.app.doctor.finding import Finding, Level, note, ok, problem
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.sim.i2c import SimChip, SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.site import BoardConnections
from pdu_agent.model.clock import ManualClock

NOW_S = 1_790_000_000.0
CONFIG = """\
schema: 1
state_dir: {state}
runtime_dir: {state}/run
snmp: {{listen: ["0.0.0.0:161"]}}
http: {{listen: "127.0.0.1:8080"}}
relays: [{{name: main, driver: mcp23008, bus: /dev/i2c-1, address: 0x20}}]
meters:
  - name: chip1
    driver: ads130e08
    bus: /dev/spidev0.0
    voltage: {{channel: 1, divider: 200}}
    currents: [{{channel: 2, feeds: outlet 1}}]
  - {{name: house, driver: ecm1240, port: /dev/ttyS0, channels: {{ch1: inlet 1}}}}
outlets: [{{number: 1, relay: main.0}}]
"""


class Wires(BoardConnections):
    """The board's I2C bus, simulated."""

    def __init__(self, bus: SimI2cBus) -> None:
        super().__init__(ManualClock())
        self._bus = bus

    def i2c(self, bus: str) -> SmBus:
        return self._bus


@dataclass
class Bench:
    """A board on which everything is as it should be, until a test breaks it."""

    root: Path
    config: Path
    chips: dict[int, SimChip] = field(default_factory=lambda: {0x20: SimMcp23008()})
    wall_s: float = NOW_S
    taken: dict[int, int] = field(default_factory=dict)
    """Port -> errno of binding to it."""
    forbidden: set[str] = field(default_factory=set)
    is_running: bool = False
    stuck: bool = False

    def put(self, path: str, text: str = "") -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def remove(self, path: str) -> None:
        (self.root / path.lstrip("/")).unlink()

    def findings(self) -> list[Finding]:
        settings = load_settings(self.config, {})
        wires = SimI2cBus(self.chips)
        wires.faults.stuck = self.stuck

        def bind(host: str, port: int, kind: int) -> None:
            if port in self.taken:
                raise OSError(self.taken[port], os.strerror(self.taken[port]))

        machine = Machine(self.root, lambda path: path.name not in self.forbidden)
        around = Surroundings(machine, Wires(wires), self.wall_s, self.is_running, bind)
        return list(examine(settings, around))

    def problem(self) -> Finding:
        (found,) = [finding for finding in self.findings() if finding.level is Level.PROBLEM]
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    root = tmp_path / "root"
    state = root / "var/lib/openpdu"
    state.mkdir(parents=True)
    config = tmp_path / "openpdu.yaml"
    config.write_text(CONFIG.format(state="/var/lib/openpdu"), encoding="utf-8")
    made = Bench(root, config)
    for node in ("/dev/i2c-1", "/dev/spidev0.0", "/dev/ttyS0"):
        made.put(node)
    made.put("/sys/module/spidev/parameters/bufsiz", "65536\n")
    made.put("/proc/cmdline", "console=tty1 root=/dev/mmcblk0p2")
    made.put("/proc/mounts", "/dev/mmcblk0p2 / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n")
    made.put("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    return made


def test_board_in_order_has_no_problem(bench: Bench):
    findings = bench.findings()
    assert {finding.level for finding in findings} == {Level.OK}
    assert "MCP23008" in next(f.text for f in findings if "0x20" in f.text)


def no_i2c(bench: Bench) -> None:
    bench.remove("/dev/i2c-1")


def no_i2c_dev(bench: Bench) -> None:
    no_i2c(bench)
    bench.put("/sys/class/i2c-adapter/i2c-1/name", "bcm2835")


def other_i2c(bench: Bench) -> None:
    no_i2c(bench)
    bench.put("/dev/i2c-0")


def other_address(bench: Bench) -> None:
    bench.chips = {0x23: bench.chips[0x20]}


def kernel_has_it(bench: Bench) -> None:
    bench.put("/sys/bus/i2c/devices/1-0020/name", "mcp23008\n")
    bench.put("/sys/bus/i2c/devices/1-0020/driver")


def low_supply(bench: Bench) -> None:
    bench.put("/sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    bench.put("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")


def other_holder(bench: Bench) -> None:
    bench.put("/proc/4711/comm", "ModemManager\n")
    link = bench.root / "proc/4711/fd/7"
    link.parent.mkdir(parents=True)
    link.symlink_to(bench.root / "dev/ttyS0")


BROKEN: dict[str, tuple[Callable[[Bench], object], str, str]] = {
    "bus not enabled": (no_i2c, "there is no /dev/i2c-1", "dtparam=i2c_arm=on"),
    "i2c-dev not loaded": (no_i2c_dev, "there is no /dev/i2c-1", "modprobe i2c-dev"),
    "another bus number": (other_i2c, "there is no /dev/i2c-1", "there is /dev/i2c-0"),
    "no permission": (lambda b: b.forbidden.add("i2c-1"), "may not be used", "group"),
    "nothing on the bus": (lambda b: b.chips.clear(), "nothing answers at 0x20", "SDA and SCL"),
    "address pins": (other_address, "nothing answers at 0x20", "answers at 0x23"),
    "kernel driver": (kernel_has_it, "belongs to the kernel's driver mcp23008", "unbind"),
    "stuck bus": (lambda b: setattr(b, "stuck", True), "stuck", "holds SDA or SCL low"),
    "no SPI": (lambda b: b.remove("/dev/spidev0.0"), "/dev/spidev0.0", "dtparam=spi=on"),
    "no adapter": (lambda b: b.remove("/dev/ttyS0"), "there is no /dev/ttyS0", "no USB adapter"),
    "console on the line": (
        lambda b: b.put("/proc/cmdline", "console=ttyS0,115200 root=x"),
        "is the kernel's console",
        "getty",
    ),
    "port in use": (other_holder, "in use by ModemManager (4711)", "stop that program"),
    "snmpd has the port": (
        lambda b: b.taken.update({161: errno.EADDRINUSE}),
        "0.0.0.0:161",
        "docs/passthrough.md",
    ),
    "low port": (lambda b: b.taken.update({161: errno.EACCES}), "0.0.0.0:161", "CAP_NET_BIND"),
    "no date": (lambda b: setattr(b, "wall_s", 40.0), "does not know the date", "time server"),
    "state in memory": (
        lambda b: b.put("/proc/mounts", f"tmpfs {b.root}/var/lib tmpfs rw 0 0\n"),
        "in memory",
        "on the card",
    ),
    "state not ours": (lambda b: b.forbidden.add("openpdu"), "may not be written", "chown"),
    "low supply": (low_supply, "5 V were too low", "stronger supply"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_board_gets_one_problem_with_its_cure(bench: Bench, name: str):
    break_it, text, cure = BROKEN[name]
    break_it(bench)
    found = bench.problem()
    assert text in found.text
    assert cure in found.cure


def test_no_port_is_tried_while_the_agent_has_them(bench: Bench):
    bench.taken = {161: errno.EADDRINUSE, 8080: errno.EADDRINUSE}
    bench.is_running = True
    assert all(finding.level is Level.OK for finding in bench.findings())


def test_chip_that_nobody_configured_is_noted(bench: Bench):
    bench.chips[0x27] = SimMcp23008()
    (found,) = [finding for finding in bench.findings() if finding.level is Level.NOTE]
    assert found.subject == "0x27 on /dev/i2c-1"
    assert "openpdu scan" in found.cure


def test_small_spi_buffer_is_noted(bench: Bench):
    bench.put("/sys/module/spidev/parameters/bufsiz", "4096\n")
    (found,) = [finding for finding in bench.findings() if finding.level is Level.NOTE]
    assert "spidev.bufsiz=65536" in found.cure


def test_simulated_part_is_noted_and_not_looked_for(bench: Bench):
    text = bench.config.read_text(encoding="utf-8").replace("bus: /dev/i2c-1", "bus: sim")
    bench.config.write_text(text, encoding="utf-8")
    bench.remove("/dev/i2c-1")
    (found,) = [finding for finding in bench.findings() if finding.level is not Level.OK]
    assert found.subject == "simulator"


def test_report_tells_by_its_exit_code_and_as_json(capsys: pytest.CaptureFixture[str]):
    fine = [ok("clock", "fine"), note("spi", "small", "bigger")]
    assert report(fine, as_json=False) == exits.OK
    assert "-> bigger" in capsys.readouterr().out
    assert report([*fine, problem("disk", "full", "make room")], as_json=True) == exits.PROBLEMS
    assert json.loads(capsys.readouterr().out)[2] == {
        "level": "problem",
        "subject": "disk",
        "text": "full",
        "cure": "make room",
    }
