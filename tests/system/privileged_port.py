# SPDX-License-Identifier: Apache-2.0
"""In a network of its own: a demo on port 161 with the capabilities that argv[2:] name.

Prints what it answered for sysServices, and its exit status if it ended by itself. argv[1] is
a folder for its state.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
from pathlib import Path

from tests.system.snmp_client import SnmpClient, name

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
FIRST_FREE_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
SYS_SERVICES = name("1.3.6.1.2.1.1.7.0")
LIMIT_S = 20.0


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def command(folder: Path, capabilities: list[str]) -> list[str]:
    kept = ",".join(["-all", *(f"+{capability}" for capability in capabilities)])
    return [
        *("setpriv", "--bounding-set", kept, "--inh-caps", kept),
        *(sys.executable, "-m", "pdu_agent", "demo", "--snmp", "127.0.0.1:161"),
        *("--http", "127.0.0.1:8161", "--state-dir", str(folder / "state")),
        *("--runtime-dir", str(folder / "run")),
    ]


def main() -> None:
    FIRST_FREE_PORT.write_text("1024", encoding="ascii")
    raise_loopback()
    agent = subprocess.Popen(
        command(Path(sys.argv[1]), sys.argv[2:]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    client = SnmpClient(161, "public")
    answer = None
    try:
        for _ in range(int(LIMIT_S / 0.1)):
            answer = client.get(SYS_SERVICES, timeout_s=0.1)
            if answer is not None or agent.poll() is not None:
                break
    finally:
        client.close()
        status = agent.poll()
        agent.terminate()
        _, complaint = agent.communicate(timeout=LIMIT_S)
    print(json.dumps({"answer": answer, "status": status, "complaint": complaint}))


if __name__ == "__main__":
    main()
