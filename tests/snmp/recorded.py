# SPDX-License-Identifier: Apache-2.0
"""What net-snmp's tools really send: kept in recorded_requests.txt, and how it was recorded.

    python -m tests.snmp.recorded    # writes the file anew

Each line: the command, a tab, and the datagram in hexadecimal digits.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from pdu_agent.snmp.server import SnmpServer
from pdu_agent.snmp.source import Source
from tests.snmp.rig import BASE, OUTLET, Rig
from tests.system.demo_process import ROOT

FILE = Path(__file__).with_name("recorded_requests.txt")


def _dotted(name: tuple[int, ...]) -> str:
    return "." + ".".join(map(str, name))


_CELLS = [_dotted((*OUTLET, column, row)) for column in (2, 7, 15) for row in (1, 4)]
_METERS = _dotted((*BASE, 4))
COMMANDS = (
    ("snmpget", "-v1", ".1.3.6.1.2.1.1.1.0"),
    ("snmpget", "-v2c", ".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.2.0", ".1.3.6.1.2.1.1.5.0"),
    ("snmpget", "-v1", "-Cf", *_CELLS),
    ("snmpget", "-v2c", *_CELLS),
    ("snmpget", "-v2c", _dotted((*OUTLET, 7, 99)), _dotted(OUTLET), ".1.3.6.1.2.1.2.1.0"),
    ("snmpget", "-v1", "-Cf", _dotted((*OUTLET, 7, 1)), _dotted((*OUTLET, 7, 99))),
    ("snmpgetnext", "-v1", _dotted(OUTLET), ".1.3.6.1.2.1.1"),
    ("snmpgetnext", "-v2c", _dotted(BASE), ".1.3", ".1.3.6.1.7", ".2.5"),
    ("snmpwalk", "-v1", ".1.3.6.1.2.1.1"),
    ("snmpwalk", "-v2c", _dotted((*OUTLET, 7))),
    ("snmpbulkget", "-v2c", "-Cn1", "-Cr5", ".1.3.6.1.2.1.1.4", _dotted((*OUTLET, 7)), _METERS),
    ("snmpbulkget", "-v2c", "-Cn0", "-Cr200", _dotted(BASE)),
    (
        "snmpbulkwalk",
        "-v2c",
        "-Cr25",
        _dotted((*OUTLET, 2)),
    ),
    ("snmpbulkwalk", "-v2c", ".1.3.6.1.6"),
    ("snmptable", "-v1", "-Ci", "opduInletTable"),
    ("snmptable", "-v2c", "-Ci", "opduOutletTable"),
)


def recorded() -> list[tuple[str, bytes]]:
    """The command and the datagram of each request on file."""
    lines = FILE.read_text(encoding="ascii").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(command, bytes.fromhex(digits)) for command, digits in rows]


async def record() -> list[str]:
    """Run each command against a rig; "command<tab>hex" for each different request."""
    rig, datagrams = Rig(), list[bytes]()

    def listen(datagram: bytes, source: Source) -> bytes | None:
        datagrams.append(datagram)
        return rig.engine.process(datagram, source)

    server = SnmpServer(("127.0.0.1:0",), listen)
    await server.start()
    lines: list[str] = []
    try:
        for tool, version, *rest in COMMANDS:
            options = [word for word in rest if word.startswith("-")]
            names = [word for word in rest if not word.startswith("-")]
            datagrams.clear()
            await _run(tool, version, "-cpublic", "-r0", *options, server.addresses[0], *names)
            lines += [f"{tool} {version}\t{datagram.hex()}" for datagram in datagrams]
    finally:
        await server.stop()
    return lines


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.DEVNULL,
        env={
            "PATH": "/usr/bin:/bin",
            "SNMPCONFPATH": "/nonexistent",
            "MIBDIRS": f"{ROOT}/mibs/base:{ROOT}/mibs",
            "MIBS": "OPENPDU-MIB:SNMPv2-MIB",  # snmptable wants to know the columns
        },
    )
    await process.wait()


if __name__ == "__main__":
    FILE.write_text(
        "# Requests of net-snmp 5.9's tools; written by python -m tests.snmp.recorded\n"
        + "\n".join(asyncio.run(record()))
        + "\n",
        encoding="ascii",
    )
