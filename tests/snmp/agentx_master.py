# SPDX-License-Identifier: Apache-2.0
"""AgentX masters for tests: one that is made of packets, in both byte orders, and net-snmp's."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from tests.snmp.rig import Run, run
from tests.system.demo_process import free_port

SHIPPED = Path(__file__).parents[2] / "snmpd-passthrough"
START_LIMIT_S = 10.0
SESSION = 7

OPEN, CLOSE, REGISTER, UNREGISTER, GET, GET_NEXT, GET_BULK = 1, 2, 3, 4, 5, 6, 7
TEST_SET, COMMIT_SET, UNDO_SET, CLEANUP_SET, NOTIFY, PING, ADD_CAPS, RESPONSE = (
    *(8, 9, 10, 11, 12, 13),
    *(16, 18),
)
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 128, 129, 130

Found = tuple[Oid, int, object]
"""Name, type, value (None for an exception)."""


@dataclass(frozen=True)
class Packet:
    """One from the subagent, taken apart. error, index: of a Response."""

    kind: int
    session: int
    transaction: int
    number: int
    payload: bytes

    @property
    def outcome(self) -> tuple[int, int]:
        _, error, index = struct.unpack_from(">IHH", self.payload)
        return error, index

    @property
    def varbinds(self) -> list[Found]:
        return read_varbinds(self.payload[8:])


def name(oid: Oid, include: bool = False, order: str = ">") -> bytes:
    """As net-snmp writes it: with a prefix where there can be one."""
    if oid[:4] == (1, 3, 6, 1) and len(oid) > 4 and 0 < oid[4] < 256:
        rest = oid[5:]
        return bytes((len(rest), oid[4], include, 0)) + struct.pack(f"{order}{len(rest)}I", *rest)
    return bytes((len(oid), 0, include, 0)) + struct.pack(f"{order}{len(oid)}I", *oid)


def ranges(*wanted: tuple[Oid, bool, Oid], order: str = ">") -> bytes:
    return b"".join(name(s, i, order) + name(e, order=order) for s, i, e in wanted)


def names(*oids: Oid, order: str = ">") -> bytes:
    return ranges(*((oid, False, ()) for oid in oids), order=order)


def string(octets: bytes, order: str = ">") -> bytes:
    return struct.pack(f"{order}I", len(octets)) + octets + bytes(-len(octets) % 4)


def varbind(oid: Oid, value: Value, order: str = ">") -> bytes:
    head = struct.pack(f"{order}HH", value.tag.value, 0) + name(oid, order=order)
    content = value.content
    if isinstance(content, bytes):
        return head + string(content, order)
    if isinstance(content, tuple):
        return head + name(content, order=order)
    if content is None:
        return head
    width = "Q" if value.tag is Tag.COUNTER64 else "i" if value.tag is Tag.INTEGER else "I"
    return head + struct.pack(order + width, content)


def request(
    kind: int,
    payload: bytes = b"",
    *,
    transaction: int = 1,
    number: int = 1,
    session: int = SESSION,
    flags: int = 0,
    order: str = ">",
) -> bytes:
    flags |= 0x10 if order == ">" else 0
    header = struct.pack("BBBx", 1, kind, flags)
    fields = struct.pack(f"{order}IIII", session, transaction, number, len(payload))
    return header + fields + payload


def response_to(packet: Packet, error: int = 0, session: int = SESSION) -> bytes:
    payload = struct.pack(">IHH", 4711, error, 0)
    return request(RESPONSE, payload, number=packet.number, session=session)


def packets(data: bytes) -> list[Packet]:
    """What a subagent has sent; all of it in network order."""
    found = []
    while data:
        version, kind, flags, session, transaction, number, octets = struct.unpack_from(
            ">BBBxIIII", data
        )
        assert (version, flags & 0x10) == (1, 0x10)
        assert octets % 4 == 0
        assert len(data) >= 20 + octets
        found.append(Packet(kind, session, transaction, number, data[20 : 20 + octets]))
        data = data[20 + octets :]
    return found


def read_name(data: bytes, at: int) -> tuple[Oid, int]:
    count, prefix = data[at], data[at + 1]
    oid = struct.unpack_from(f">{count}I", data, at + 4)
    return ((1, 3, 6, 1, prefix, *oid) if prefix else oid), at + 4 + 4 * count


def read_string(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">I", data, at)
    return data[at + 4 : at + 4 + length], at + 4 + (length + 3) // 4 * 4


def read_varbinds(data: bytes) -> list[Found]:
    found: list[Found] = []
    at = 0
    while at < len(data):
        (kind,) = struct.unpack_from(">H", data, at)
        oid, at = read_name(data, at + 4)
        value: object = None
        if kind in (4, 64, 68):
            value, at = read_string(data, at)
        elif kind == 6:
            value, at = read_name(data, at)
        elif kind in (2, 65, 66, 67, 70):
            form = {2: ">i", 70: ">Q"}.get(kind, ">I")
            (value,) = struct.unpack_from(form, data, at)
            at += struct.calcsize(form)
        else:
            assert kind in (5, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW)
        found.append((oid, kind, value))
    return found


def expected(oid: Oid, value: Value) -> Found:
    return oid, value.tag.value, value.content


class Snmpd:
    """net-snmp's snmpd with its files in one folder, unprivileged, on a loopback port."""

    def __init__(self, folder: Path, lines: Iterable[str]) -> None:
        self.folder = folder
        self.port = free_port(socket.SOCK_DGRAM)
        self.socket = folder / "master"
        self._config = folder / "snmpd.conf"
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        path = self.folder / "snmpd.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    async def start(self) -> None:
        """Returns when it answers."""
        process = self._spawn()
        end_s = asyncio.get_running_loop().time() + START_LIMIT_S
        while (await self.ask("snmpget", ".1.3.6.1.2.1.1.3.0", wait_s=0.1)).status:
            assert process.poll() is None, self.log()
            assert asyncio.get_running_loop().time() < end_s, self.log()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "snmpd.log").open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *("snmpd", "-f", "-Lo", "-C", "-c", str(self._config)),
                    *("-I", "-smux,mteTrigger,mteTriggerConf"),
                    *("-p", str(self.folder / "pid"), f"udp:{self.address}"),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                    "MIBS": "",
                    "SNMPCONFPATH": str(self.folder),
                    "SNMP_PERSISTENT_DIR": str(self.folder / "persistent"),
                },
            )
        return self._process

    async def ask(
        self,
        tool: str,
        *arguments: str,
        who: Sequence[str] = ("-v2c", "-cpublic"),
        wait_s: float = 5,
    ) -> Run:
        options = ("-On", "-Oe", f"-t{wait_s}", "-r0")
        return await run(tool, *who, *options, self.address, *arguments)

    async def until(self, tool: str, *arguments: str, shows: str, limit_s: float = 15.0) -> None:
        """Ask until the answer holds `shows`."""
        end_s = asyncio.get_running_loop().time() + limit_s
        while shows not in (answer := (await self.ask(tool, *arguments, wait_s=2)).out):
            assert asyncio.get_running_loop().time() < end_s, (answer, self.log())
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(10)


def shipped(file: str, **places: str) -> str:
    """A piece of snmpd.conf as it is shipped, but with other places in the file system."""
    text = (SHIPPED / file).read_text(encoding="utf-8")
    for old, new in {
        "/var/agentx/master": places.get("socket", ""),
        "/usr/local/lib/openpdu/openpdu-pass": str(SHIPPED / "openpdu-pass"),
        "/run/openpdu/pass.sock": places.get("socket", ""),
        " Debian-snmp openpdu": "",  # users that this machine need not have
    }.items():
        text = text.replace(old, new)
    return text
