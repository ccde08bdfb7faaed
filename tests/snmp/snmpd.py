# SPDX-License-Identifier: Apache-2.0
"""net-snmp's snmpd, unprivileged on a loopback port, with the objects that it is told to have.

`override` lines serve everything but Counter64, which that directive does not know: those
come from a small `pass_persist` program.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.snmp import ber
from tests.snmp.answers import Oid
from tests.snmp.usm_client import Usm
from tests.system.demo_process import free_port

Instance = tuple[Oid, int, bytes]
"""Name, tag of the value, its content octets."""

START_LIMIT_S = 10.0
ANSWER_LIMIT_S = 2.0
COUNTER64 = 0x46
_NUMBERS = {0x02: "integer", 0x41: "counter", 0x42: "uinteger", 0x43: "timeticks"}
_MODULES = "override,pass_persist,vacm_conf,usmConf"
"""Without the others, snmpd has no objects of its own."""


class Snmpd:
    """The running daemon, as a function from a request to its answer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))

    def close(self) -> None:
        self._socket.close()

    def exchange(self, packet: bytes, limit_s: float = ANSWER_LIMIT_S) -> bytes | None:
        """The answer; None after limit_s without one, or when the port is closed."""
        self._socket.settimeout(limit_s)
        try:
            self._socket.send(packet)
            return self._socket.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


@contextlib.contextmanager
def snmpd_with(
    folder: Path, instances: Sequence[Instance], users: Iterable[Usm] = ()
) -> Iterator[Snmpd]:
    """Serve `instances` to the community "public" and to users. Raises AssertionError."""
    port = free_port(socket.SOCK_DGRAM)
    (folder / "snmpd.conf").write_text(
        "\n".join(_configuration(folder, instances, users)) + "\n", encoding="ascii"
    )
    log = folder / "snmpd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *("snmpd", "-f", "-Lo", "-C", "-c", str(folder / "snmpd.conf"), "-I", _MODULES),
                *("-p", str(folder / "pid"), f"udp:127.0.0.1:{port}"),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "MIBS": "",
                "SNMPCONFPATH": str(folder),
                "SNMP_PERSISTENT_DIR": str(folder / "persistent"),
            },
        )
    try:
        _await_start(process, port, log)
        with contextlib.closing(Snmpd(port)) as daemon:
            yield daemon
    finally:
        process.terminate()
        process.wait(10)


def _await_start(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end_s = time.monotonic() + START_LIMIT_S
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > end_s:
            raise AssertionError(f"snmpd did not start: {log.read_text('utf-8', 'replace')}")
        time.sleep(0.01)
    lines = log.read_text("utf-8", "replace").splitlines()
    assert [line for line in lines if "Error" in line] == []


def _answers(port: int) -> bool:
    """On a socket of its own, so that an answer that comes late is nobody else's."""
    question = ber.encode(ber.message(1, b"public", ber.request(ber.GET, [(1, 3, 6, 1)])))
    with contextlib.closing(Snmpd(port)) as probe:
        return probe.exchange(question, 0.2) is not None


def _configuration(
    folder: Path, instances: Sequence[Instance], users: Iterable[Usm]
) -> Iterator[str]:
    yield "rocommunity public"
    for user in users:
        login, auth, priv = (
            text.decode("ascii") for text in (user.name, user.auth_pass, user.priv_pass)
        )
        hash_name = user.hash_name.upper().replace("SHA", "SHA-")
        yield f'createUser {login} {hash_name} "{auth}"' + (f' AES "{priv}"' if priv else "")
        yield f"rouser {login} {'priv' if priv else 'auth'}"
    for name, tag, content in instances:
        if tag != COUNTER64:
            yield f"override {_dotted(name)} {_directive(tag, content)}"
    wide = [(name, content) for name, tag, content in instances if tag == COUNTER64]
    if wide:
        root = _dotted(_common([name for name, _ in wide]))
        yield f"pass_persist {root} {_program(folder, wide)}"


def _directive(tag: int, content: bytes) -> str:
    if tag in _NUMBERS:
        return f"{_NUMBERS[tag]} {int.from_bytes(content, 'big', signed=True)}"
    if tag == 0x06:
        return f"object_id {_dotted(ber.to_oid((tag, content)))}"
    if tag == 0x04:
        return f"octet_str 0x{content.hex()}" if content else 'octet_str ""'
    raise ValueError(f"snmpd cannot be told a value with tag 0x{tag:02x}")


def _program(folder: Path, instances: list[tuple[Oid, bytes]]) -> str:
    table = folder / "counters"
    rows = (f"{_dotted(name)} {int.from_bytes(content, 'big')}" for name, content in instances)
    table.write_text("\n".join(rows), encoding="ascii")
    return f"{sys.executable} {Path(__file__).with_name('pass_counters.py')} {table}"


def _common(names: Sequence[Oid]) -> Oid:
    """The longest OID that all names are below."""
    first, last = min(names), max(names)
    same = 0
    while same < len(first) - 1 and first[: same + 1] == last[: same + 1]:
        same += 1
    return first[:same]


def _dotted(name: Oid) -> str:
    return "." + ".".join(map(str, name))
