# SPDX-License-Identifier: Apache-2.0
"""A real upsd with all that is its own in one folder, and NUT's commands that ask it.

    with running_upsd(folder, {"pdu": "openpdu"}) as server:
        server.upsc("pdu", "outlet.count")

Its drivers put their sockets into `server.state_path`; `driver` runs one of NUT's.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.clients import stage
from tests.peers import DAEMON_PATH, require

# Debian's upsd in the PATH does nothing unless /etc/nut/nut.conf has a mode; this is the program.
PROGRAM = "/lib/nut/upsd"
DEADLINE_S = 20.0

ADMIN, OPERATOR, GUEST = "admin", "operator", "guest"
"""Users: everything; a few instant commands; nothing but looking. The password is SECRET."""
SECRET = "secret"
USERS = f"""
[{ADMIN}]
    password = {SECRET}
    actions = SET FSD
    instcmds = ALL
    upsmon primary
[{OPERATOR}]
    password = {SECRET}
    instcmds = outlet.1.load.on
    instcmds = outlet.1.load.off
[{GUEST}]
    password = {SECRET}
"""


class Upsd:
    """One upsd; `start` and `stop` in turn. What the commands print is without SSL's words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_path = folder / "state"
        self.log = folder / "upsd.log"
        self.address = stage.free_address()
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **os.environ,
            "PATH": DAEMON_PATH,
            "LC_ALL": "C",
            "NUT_STATEPATH": str(self.state_path),
            "NUT_CONFPATH": str(folder),
            "NUT_ALTPIDPATH": str(self.state_path),
        }

    def configure(self, devices: Mapping[str, str], users: str, conf: str) -> None:
        self.state_path.mkdir(exist_ok=True)
        host, _, port = self.address.rpartition(":")
        sections = "".join(
            f"[{name}]\n    driver = {driver}\n    port = auto\n"
            if "\n" not in driver
            else f"[{name}]\n{driver}"
            for name, driver in devices.items()
        )
        stage.private(self.folder / "ups.conf", sections)
        stage.private(self.folder / "upsd.conf", f"LISTEN {host} {port}\n{conf}")
        stage.private(self.folder / "upsd.users", users)
        for folder in (self.folder, self.state_path):
            folder.chmod(0o700)

    def start(self) -> None:
        """Returns when it answers, with its drivers or without."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [PROGRAM, "-F", "-u", getpass.getuser()],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        host = self.address
        self.until(lambda: "Error" not in self.run("upsc", "-l", host))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=DEADLINE_S)
            self.process = None
        for left in self.state_path.glob("*.pid"):
            left.unlink()

    def ups(self, name: str) -> str:
        return f"{name}@{self.address}"

    def run(self, *command: str) -> str:
        """What it prints, errors too."""
        program = shutil.which(command[0], path=DAEMON_PATH)
        assert program is not None, command[0]
        result = subprocess.run(
            [program, *command[1:]],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=DEADLINE_S,
            check=False,
        )
        lines = result.stdout.decode("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines if line and not line.startswith("Init SSL"))

    def upsc(self, name: str, variable: str) -> str:
        """The value, or what is wrong, as in "Error: Data stale"."""
        return self.run("upsc", self.ups(name), variable)

    def variables(self, name: str) -> dict[str, str]:
        lines = self.run("upsc", self.ups(name)).splitlines()
        return dict(line.split(": ", 1) for line in lines if re.match(r"[a-z0-9._]+: ", line))

    def upscmd(self, name: str, command: str, *value: str, user: str = ADMIN) -> str:
        """Waits for what becomes of it: "SUCCESS", or the words of an error."""
        who = ("-u", user, "-p", SECRET)
        return self.run("upscmd", "-w", *who, self.ups(name), command, *value)

    def commands(self, name: str) -> list[str]:
        lines = self.run("upscmd", "-l", self.ups(name)).splitlines()
        return [line.split(" - ")[0] for line in lines if " - " in line]

    def upsrw(self, name: str, variable: str, value: str, user: str = ADMIN) -> str:
        """Waits for what becomes of it: "SUCCESS", or the words of an error."""
        who = ("-u", user, "-p", SECRET)
        return self.run("upsrw", "-w", "-s", f"{variable}={value}", *who, self.ups(name))

    def until(self, condition: Callable[[], bool], limit_s: float = DEADLINE_S) -> float:
        """The seconds that it took; AssertionError with the words of upsd after `limit_s`."""
        begin_s = time.monotonic()
        while not condition():
            waited_s = time.monotonic() - begin_s
            assert waited_s < limit_s, self.log.read_text("utf-8", "replace")
            time.sleep(0.02)
        return time.monotonic() - begin_s


@contextmanager
def running_upsd(
    folder: Path, devices: Mapping[str, str], users: str = USERS, conf: str = "MAXAGE 3\n"
) -> Iterator[Upsd]:
    """devices: name to driver, or to all lines of its section. conf: more of upsd.conf. Skips the
    test without NUT.
    """
    require("upsd", "upsc", "upscmd", "upsrw")
    folder.mkdir(exist_ok=True)
    server = Upsd(folder)
    server.configure(devices, users, conf)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def driver(server: Upsd, program: str, name: str) -> Iterator[Path]:
    """One of NUT's own drivers for a device of `server`, for dummy-ups say; gives its log."""
    require(program)
    log = server.folder / f"{program}-{name}.log"
    as_oneself = ("-F", "-u", getpass.getuser())
    with stage.daemon(log, program, "-a", name, *as_oneself, environment=server.environment):
        yield log
