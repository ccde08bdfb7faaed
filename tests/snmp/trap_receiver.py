# SPDX-License-Identifier: Apache-2.0
"""net-snmp's snmptrapd on a loopback port, without the configuration and MIBs of the machine."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.snmp.mutations import ENGINE_ID

DEADLINE_S = 10.0
FORMATS = """\
format1 v1|%N|%w|%q|%A|%T|%v\\n
format2 v2|%P|%v\\n
outputOption n
"""
CREDENTIALS = f"""\
authCommunity log public
createUser -e 0x{ENGINE_ID.hex()} auth-traps SHA-256 auth-traps-pass
createUser -e 0x{ENGINE_ID.hex()} priv-traps SHA-256 priv-traps-pass AES priv-traps-secret
createUser -e 0x{ENGINE_ID.hex()} old-traps SHA old-traps-pass AES old-traps-secret
createUser -e 0x{ENGINE_ID.hex()} big-traps SHA-512 big-traps-pass AES-256 big-traps-secret
createUser auth-informs SHA-256 auth-informs-pass
createUser priv-informs SHA-256 priv-informs-pass AES priv-informs-secret
createUser big-informs SHA-512 big-informs-pass AES-256 big-informs-secret
authUser log auth-traps authNoPriv
authUser log priv-traps authPriv
authUser log old-traps authPriv
authUser log big-traps authPriv
authUser log auth-informs authNoPriv
authUser log priv-informs authPriv
authUser log big-informs authPriv
"""


@dataclass(frozen=True, slots=True)
class V1Trap:
    """generic and specific as snmptrapd prints them; values by dotted OID."""

    enterprise: str
    generic: int
    specific: int
    agent_address: str
    uptime: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class V2Notification:
    """how: "TRAP2, SNMP v2c, community public" and the like; values by dotted OID, with the
    uptime and the notification's name among them.
    """

    how: str
    values: dict[str, str]


class TrapReceiver:
    """One snmptrapd; its users and boots outlive a restart, unless it is made to forget."""

    def __init__(self, folder: Path, credentials: str = CREDENTIALS) -> None:
        self._folder = folder
        self._log = folder / "snmptrapd.log"
        self._config = folder / "snmptrapd.conf"
        self._own_folder = folder / "persistent"  # what is its own it renames and removes
        self._own_folder.mkdir()
        self._config.write_text(FORMATS + credentials, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    async def start(self) -> None:
        """Returns when it listens."""
        self._spawn()
        await self._until(lambda: "NET-SNMP version" in self.log())

    def _spawn(self) -> None:
        self._log.unlink(missing_ok=True)
        listen = (f"udp:127.0.0.1:{self.port}", f"udp6:[::1]:{self.port}")
        self._process = subprocess.Popen(
            ["snmptrapd", "-f", "-Lf", str(self._log), "-C", "-c", str(self._config), *listen],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "MIBS": "",
                "LC_ALL": "C",
                "SNMP_PERSISTENT_DIR": str(self._own_folder),
            },
        )

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(10)

    def forget(self) -> None:
        """Let its next start be its first: a new engine ID, and boots from 1."""
        shutil.rmtree(self._own_folder)
        self._own_folder.mkdir()

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    async def received(self, count: int) -> list[V1Trap | V2Notification]:
        """The notifications since its start, once there are `count` of them."""
        await self._until(lambda: len(self._lines()) >= count)
        found = [_read(line) for line in self._lines()]
        assert len(found) == count
        return found

    async def matching(
        self, wanted: Callable[[V1Trap | V2Notification], bool], count: int
    ) -> list[V1Trap | V2Notification]:
        """The first notifications that are `wanted`, once there are `count` of them."""
        found: list[V1Trap | V2Notification] = []

        def enough() -> bool:
            found[:] = filter(wanted, map(_read, self._lines()))
            return len(found) >= count

        await self._until(enough)
        return found[:count]

    def _lines(self) -> list[str]:
        whole = self.log().rpartition("\n")[0]
        return [line for line in whole.splitlines() if line.startswith(("v1|", "v2|"))]

    async def _until(self, done: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        limit_s = loop.time() + DEADLINE_S
        while not done():
            assert loop.time() < limit_s, f"snmptrapd says:\n{self.log()}"
            await asyncio.sleep(0.01)


def _read(line: str) -> V1Trap | V2Notification:
    version, *fields = line.split("|")
    values = dict(item.split(" = ", 1) for item in fields[-1].split("\t") if item)
    if version == "v2":
        return V2Notification(fields[0], values)
    enterprise, generic, specific, address, uptime = fields[:5]
    return V1Trap(
        enterprise, int(generic), int(specific.removeprefix(".")), address, uptime, values
    )


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
