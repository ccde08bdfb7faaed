# SPDX-License-Identifier: Apache-2.0
"""One `openpdu run` whose UPSes are those of an upsd, and that is read by SNMP."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from pdu_agent.mib_impl.names import USUAL_MIBS
from tests.nut.unit import Unit
from tests.nut.upsd import Upsd
from tests.system.demo_process import free_port
from tests.system.snmp_client import SnmpClient

_BODY = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp:
  listen: ['127.0.0.1:{port}']
  credentials: secrets.yaml
  identity: {identity}
  mibs: [{mibs}]
  targets: [{targets}]
http: {{listen: ''}}
simulator: {{relay_log: {folder}/relays.log}}
device: {{name: strip, model: OpenPDU-8}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
meters:
  - {{name: power, driver: ads130e08, bus: 'sim:0', voltage: {{channel: 1, divider: 200}},
      currents: [{{channel: 2, feeds: inlet 1}}]}}
outlets:
{outlets}
upses:
{upses}
"""
_SECRETS = """\
schema: 1
communities:
  - {name: anyone, community: public, rights: read}
  - {name: ops, community: private, rights: write}
"""


class SnmpUnit(Unit):
    """targets: UDP ports that are sent v2c traps of UPS-MIB and OPENPDU-MIB."""

    def __init__(
        self,
        folder: Path,
        server: Upsd,
        upses: Sequence[str],
        mibs: Sequence[str] = USUAL_MIBS,
        identity: str = "own",
        targets: Sequence[int] = (),
    ) -> None:
        self.port = free_port(socket.SOCK_DGRAM)
        rows = "".join(
            f"  - {{name: {name}, server: '{server.address}', poll_s: 0.5, stale_after_s: 1,"
            f" inlets: [{'1' if name == upses[0] else ''}]}}\n"
            for name in upses
        )
        receivers = ", ".join(
            f"{{name: nms{port}, address: '127.0.0.1:{port}', credential: anyone,"
            f" mibs: [openpdu, ups]}}"
            for port in targets
        )
        outlets = "".join(f"  - {{number: {n}, relay: main.{n - 1}}}\n" for n in range(1, 9))
        body = _BODY.format(
            folder=folder,
            port=self.port,
            identity=identity,
            mibs=", ".join(mibs),
            targets=receivers,
            outlets=outlets,
            upses=rows,
        )
        super().__init__(folder, body)
        secrets = folder / "secrets.yaml"
        secrets.write_text(_SECRETS, encoding="utf-8")
        secrets.chmod(0o600)


@contextmanager
def running(unit: SnmpUnit) -> Iterator[SnmpClient]:
    """The unit, and somebody who may read it."""
    try:
        unit.start()
        with closing(SnmpClient(unit.port, "public")) as client:
            yield client
    finally:
        unit.stop()
