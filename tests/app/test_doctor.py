# SPDX-License-Identifier: Apache-2.0
"""`openpdu doctor` names what is broken and the cure, on boards made of files."""

from __future__ import annotations

import errno
import grp
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.app.commands.diagnose import report
from pdu_agent.app.config.load import load_settings
from pdu_agent.app.doctor.examine import Surroundings, examine
from pdu_agent.app.doctor.finding import Finding, Level, note, ok, problem
from pdu_agent.app.doctor.host import check_disk
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.app.doctor.user import User, _has_bits, named_user, process_groups
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.sim.i2c import SimChip, SimI2cBus, SimRawChip
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.site import BoardConnections
from pdu_agent.model.clock import ManualClock
from pdu_agent.store.lock import FolderLock, holder_of

NOW_S = 1_790_000_000.0


class Registers:
    """A chip with some registers; the others read 0."""

    def __init__(self, values: dict[int, bytes]) -> None:
        self._values = values

    def read(self, register: int, length: int) -> bytes:
        return self._values.get(register, b"")[:length].ljust(length, b"\0")

    def write(self, register: int, data: bytes) -> None:
        raise AssertionError(f"{data.hex()} written to register {register}")


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
    chips: dict[int, SimChip | SimRawChip] = field(default_factory=lambda: {0x20: SimMcp23008()})
    wall_s: float = NOW_S
    taken: dict[int, int] = field(default_factory=dict)
    """Port -> errno of binding to it."""
    forbidden: set[str] = field(default_factory=set)
    is_member: bool = True
    agent: int | None = None
    stuck: bool = False
    libraries: set[str] = field(default_factory=lambda: {"spidev", "gpiod"})

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

        user = User(
            "openpdu",
            os.geteuid(),
            lambda path: path.name not in self.forbidden,
            lambda group: self.is_member,
        )
        machine = Machine(self.root, user, self.libraries.__contains__)
        agents = frozenset(filter(None, [self.agent]))
        around = Surroundings(machine, Wires(wires), self.wall_s, self.agent, agents, bind)
        return list(examine(settings, around))

    def open_by(self, process: int, name: str, target: str) -> None:
        """A process that has the file, or what /proc calls a socket, open."""
        self.put(f"/proc/{process}/comm", f"{name}\n")
        link = self.root / f"proc/{process}/fd/7"
        link.parent.mkdir(parents=True)
        at = target if target.startswith("socket") else str(self.root / target.lstrip("/"))
        link.symlink_to(at)

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
    bench.open_by(4711, "ModemManager", "/dev/ttyS0")


def login_there(bench: Bench) -> None:
    bench.open_by(400, "agetty", "/dev/ttyS0")


def add(bench: Bench, section: str, entry: str) -> None:
    with bench.config.open("a", encoding="utf-8") as file:
        file.write(f"{section}: [{{{entry}}}]\n")


DS18B20 = "number: 1, kind: temperature, driver: ds18b20, path: /sys/bus/w1/devices/28-1/w1_slave"


def no_w1(bench: Bench) -> None:
    add(bench, "sensors", DS18B20)


def no_w1_sensor(bench: Bench) -> None:
    add(bench, "sensors", DS18B20)
    bench.put("/sys/bus/w1/devices/w1_bus_master1/name")


def wrong_chip(bench: Bench) -> None:
    add(bench, "sensors", "number: 1, kind: temperature, driver: sht3x, bus: /dev/i2c-1")
    bench.chips[0x44] = Registers({})


def parity_on_the_mini_uart(bench: Bench) -> None:
    text = bench.config.read_text(encoding="utf-8")
    meter = "driver: modbus, map: orno-we-514, port: /dev/ttyS0, channels: {main: inlet 1}"
    text = text.replace("driver: ecm1240, port: /dev/ttyS0, channels: {ch1: inlet 1}", meter)
    bench.config.write_text(text, encoding="utf-8")


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
    "a login on the line": (login_there, "a login", "systemctl disable --now serial-getty@ttyS0"),
    "no 1-Wire": (no_w1, "there is no /sys/bus/w1", "dtoverlay=w1-gpio"),
    "no 1-Wire sensor": (no_w1_sensor, "there is no /sys/bus/w1", "pull-up of 4.7 kohm"),
    "another chip there": (wrong_chip, "does not say that it is what sht3x serves", "address pins"),
    "no parity": (parity_on_the_mini_uart, "knows no parity", "disable-bt"),
    "no spidev": (lambda b: b.libraries.remove("spidev"), "spidev is not installed", "install"),
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
    bench.agent = 812
    bench.put("/proc/812/fd/0")
    bench.open_by(900, "socat", "/dev/null")
    assert all(finding.level is Level.OK for finding in bench.findings())


class Untouchable:
    """A chip that must not be asked."""

    def exchange(self, data: bytes, length: int) -> bytes:
        raise AssertionError(f"{data.hex()} was sent, {length} bytes were wanted")


def test_bus_that_the_agent_has_open_is_not_asked(bench: Bench):
    bench.agent = 812
    bench.chips = dict.fromkeys(range(0x08, 0x78), Untouchable())
    bench.open_by(812, "python3", "/dev/i2c-1")
    (found,) = [finding for finding in bench.findings() if finding.level is not Level.OK]
    assert found.text == "in use by python3 (812): its chips are not asked"
    assert "systemctl stop openpdu" in found.cure


def test_bus_is_not_asked_while_the_agent_cannot_be_looked_into(bench: Bench):
    bench.agent = 812
    bench.chips = dict.fromkeys(range(0x08, 0x78), Untouchable())
    (found,) = [finding for finding in bench.findings() if finding.level is not Level.OK]
    assert "perhaps the agent (812)" in found.text


def test_serial_line_of_the_agent_itself_is_no_problem(bench: Bench):
    bench.agent = 812
    bench.open_by(812, "python3", "/dev/ttyS0")
    assert all(finding.level is Level.OK for finding in bench.findings())


def test_who_has_the_port_is_named(bench: Bench):
    bench.taken = {161: errno.EADDRINUSE}
    entry = "  5: 00000000:00A1 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4242 2"
    bench.put("/proc/net/udp", f"  sl  local_address\n{entry}\n")
    bench.open_by(655, "snmpd", "socket:[4242]")
    found = bench.problem()
    assert "snmpd (655) has it" in found.cure
    assert "systemctl disable --now snmpd" in found.cure


@pytest.mark.parametrize(
    ("file", "cure"),
    [
        ("/usr/bin/raspi-config", "raspi-config nonint do_i2c 0"),
        ("/boot/firmware/config.txt", "into /boot/firmware/config.txt"),
        ("/etc/alpine-release", "usercfg.txt"),
    ],
)
def test_cure_is_one_of_the_system_that_runs(bench: Bench, file: str, cure: str):
    no_i2c(bench)
    bench.put(file)
    assert cure in bench.problem().cure


@pytest.mark.parametrize(
    ("file", "cure"),
    [
        ("/boot/orangepiEnv.txt", "orangepi-config"),
        ("/boot/armbianEnv.txt", "overlays=i2c0 into /boot/armbianEnv.txt"),
        ("/etc/hostname", "a PC has none"),
    ],
)
def test_cure_is_one_of_the_board_that_it_is(bench: Bench, file: str, cure: str):
    bench.put("/proc/device-tree/model", "OrangePi Zero2\0")
    no_i2c(bench)
    bench.put(file)
    assert cure in bench.problem().cure


def test_node_of_root_gets_a_rule_of_udev_or_of_mdev(bench: Bench):
    (bench.root / "dev/i2c-1").chmod(0o600)
    bench.forbidden.add("i2c-1")
    assert 'SUBSYSTEM=="i2c-dev", GROUP="i2c"' in bench.problem().cure
    bench.put("/etc/alpine-release")
    assert "addgroup -S i2c; put 'i2c-[0-9]+ root:i2c 660' on top" in bench.problem().cure
    assert "adduser openpdu i2c" in bench.problem().cure


def test_mount_point_is_found_among_very_many(bench: Bench):
    others = "".join(f"tmpfs /run/{n} tmpfs rw 0 0\n" for n in range(1000))
    bench.put(
        "/proc/mounts", f"/dev/x / ext4 rw 0 0\n{others}tmpfs {bench.root}/var tmpfs rw 0 0\n"
    )
    assert "in memory" in bench.problem().text


def test_state_folder_of_somebody_else_is_told(bench: Bench):
    settings = bench.root / "var/lib/openpdu"
    user = User("openpdu", settings.stat().st_uid + 1, lambda path: True, lambda group: True)
    (found,) = check_disk(Machine(bench.root, user), Path("/var/lib/openpdu"))
    assert "does not belong to user openpdu" in found.text
    assert "chown -R openpdu /var/lib/openpdu" in found.cure


def test_state_folder_that_cannot_be_made_is_told(bench: Bench):
    user = User("alice", os.geteuid(), lambda path: False, lambda group: True)
    (found,) = check_disk(Machine(bench.root, user), Path("/var/lib/other"))
    assert found.cure == "install -d -o alice -m 700 /var/lib/other"


def test_container_is_no_problem_but_a_write_protected_card_is(bench: Bench):
    bench.put("/proc/mounts", "overlay / overlay rw 0 0\n")
    (found,) = [finding for finding in bench.findings() if finding.level is not Level.OK]
    assert (found.level, found.cure) == (Level.NOTE, "mount a volume there")
    bench.put("/proc/cmdline", "overlayroot=tmpfs root=x")
    assert "in memory" in bench.problem().text


def test_path_that_is_no_file_is_told(bench: Bench):
    add(bench, "sensors", "number: 1, kind: temperature, driver: hwmon, path: /")
    assert "there is no /" in bench.problem().text


def test_name_of_a_kernel_sensor_is_no_serial_port(bench: Bench):
    add(bench, "sensors", "number: 1, kind: humidity, driver: hwmon, chip: sht3x")
    assert {finding.level for finding in bench.findings()} == {Level.OK}


@pytest.mark.parametrize(
    ("section", "entry", "address"),
    [
        ("displays", "name: d, driver: hd44780, address: 0x27", 0x27),
        ("displays", "name: d, driver: sh1106, address: 0x3d", 0x3D),
        ("io", "name: front, driver: pcf8574, address: 0x3c", 0x3C),
        ("sensors", "number: 1, kind: temperature, driver: aht20", 0x38),
    ],
)
def test_chip_that_cannot_tell_what_it_is_passes_for_what_it_should_be(
    bench: Bench, section: str, entry: str, address: int
):
    if section == "displays":
        pytest.importorskip("RPLCD")
        pytest.importorskip("luma.oled")
    add(bench, section, f"{entry}, bus: /dev/i2c-1")
    bench.chips[address] = Registers({})
    assert {finding.level for finding in bench.findings()} == {Level.OK}


def test_small_converter_passes_after_its_first_conversion(bench: Bench):
    text = bench.config.read_text(encoding="utf-8")
    meter = (
        "  - {name: small, driver: ads1015, bus: /dev/i2c-1, address: 0x49,"
        " channels: {a: outlet 2},"
        ' currents: [{name: a, pins: "0", range_v: 2.048, burden_ohm: 1000}]}\n'
    )
    text = text.replace("outlets: [", meter + "outlets: [{number: 2}, ")
    bench.config.write_text(text, encoding="utf-8")
    bench.chips[0x49] = Registers({0x01: b"\x45\x83"})
    assert {finding.level for finding in bench.findings()} == {Level.OK}


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


def test_user_is_judged_by_the_modes_of_files_and_of_the_folders_above(tmp_path: Path):
    node = tmp_path / "node"
    node.touch()
    node.chmod(0o660)
    tmp_path.chmod(0o755)
    group = node.stat().st_gid
    assert _has_bits(node, 0o6, uid=node.stat().st_uid, groups=frozenset())
    assert _has_bits(node, 0o6, uid=-1, groups=frozenset({group}))
    assert not _has_bits(node, 0o6, uid=-1, groups=frozenset({group + 1}))
    assert not _has_bits(node, 0o1, uid=-1, groups=frozenset({group}))


def test_running_agent_is_found_by_its_lock_which_is_left_as_it_is(tmp_path: Path):
    assert holder_of(tmp_path) is None
    assert not list(tmp_path.iterdir())
    lock = FolderLock(tmp_path)
    assert holder_of(tmp_path) == os.getpid()
    lock.release()
    assert holder_of(tmp_path) is None


def test_folder_that_may_not_be_searched_tells_nothing(tmp_path: Path):
    (tmp_path / "file").touch()
    assert holder_of(tmp_path / "file") is None


def test_doctor_without_a_configuration_says_how_to_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["doctor", "--config", str(tmp_path / "none.yaml")]) == exits.CONFIGURATION
    assert "openpdu init" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--user", "nobody of that name"])
    assert left.value.code == exits.USAGE


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


def test_a_nut_device_needs_a_folder_and_a_group(bench: Bench) -> None:
    text = bench.config.read_text(encoding="utf-8")
    group = grp.getgrgid(os.getgid()).gr_name

    def found(more: str = "") -> Finding:
        nut = f"nut: {{state_path: /run/nut, group: {more or group}}}\n"
        bench.config.write_text(text + nut, encoding="utf-8")
        return next(finding for finding in bench.findings() if finding.subject == "nut")

    assert "there is no folder /run/nut" in found().text
    assert "nut-server" in found().cure
    (bench.root / "run/nut").mkdir(parents=True)
    assert found().level is Level.OK
    assert "no group is called ghosts" in found("ghosts").text
    assert found().level is Level.OK
    bench.is_member = False
    told = f"user openpdu is not in group {group} (nut.group): upsd cannot connect to its sockets"
    assert found().text == told
    assert found().cure.startswith(f"adduser openpdu {group}")
    bench.forbidden.add("nut")
    assert found().text == "/run/nut may not be written by user openpdu"
    assert found().cure.startswith("adduser openpdu ")


def test_a_group_that_was_joined_after_the_start_of_the_agent_is_not_had_yet() -> None:
    status = "Name:\tpython3\nUid:\t990\t990\t990\t990\nGid:\t990\t991\t990\t990\nGroups:\t20 44 \n"
    groups = process_groups(status)
    assert groups == {991, 20, 44}
    user = named_user("nobody", groups)
    assert user.may_give_to(20)
    assert not user.may_give_to(106)
    mine = Path("/proc/self/status").read_text(encoding="utf-8")
    assert process_groups(mine) == {os.getegid(), *os.getgroups()}
