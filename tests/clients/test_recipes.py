# SPDX-License-Identifier: Apache-2.0
"""docs/clients.md is what really happens: real clients, under each identity of its table."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients import daemons, stage
from tests.docs.transcripts import commands
from tests.peers import require, require_terminals
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer

NEEDED = {
    "fence_apc_snmp": ("fence_apc_snmp", "snmpget", "snmpset", "snmpwalk"),
    "powerman": ("powermand", "powerman", "snmpget", "snmpset"),
    "labgrid": ("snmpget", "snmpset"),
    "snmp-ups": ("snmp-ups", "upsd", "upsc", "upsrw"),
}
NEEDING_TERMINALS = ("fence_apc_snmp", "powerman")
"""They run net-snmp's commands behind a pseudo terminal."""
STAGES = {
    "fence_apc_snmp": daemons.none,
    "powerman": daemons.powermand,
    "labgrid": daemons.none,
    "snmp-ups": daemons.nut,
}
MOVED = {
    "fence_apc_snmp": [(3, 0), (3, 1), (2, 0), (2, 1), (4, 0), (4, 1), (5, 0), (5, 1)],
    "powerman": [(6, 0), (6, 1)],
    "labgrid": [(7, 0), (7, 1)],
    "snmp-ups": [],
}


@pytest.fixture(scope="module", params=stage.IDENTITIES)
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo"), "--identity", request.param) as running:
        yield running


def test_the_table_promises_what_is_run_here() -> None:
    told = stage.table()
    for client in STAGES:
        assert set(told[client].values()) == {"yes"}, client


@pytest.mark.parametrize("client", STAGES)
def test_a_client_does_what_the_page_shows(client: str, demo: Demo, tmp_path: Path) -> None:
    require(*NEEDED[client])
    if client in NEEDING_TERMINALS:
        require_terminals()
    documented = list(commands(stage.section(client)))
    assert documented
    movements = stage.Movements(demo)
    with STAGES[client](demo, tmp_path) as ports:
        run = stage.runner(demo, ports)
        for command, output in documented:
            assert run(command) == stage.expected(output), command
    assert movements.at_rest() == MOVED[client]


FENCE = "fence_apc_snmp --ip=127.0.0.1 --ipport=1161"
V3 = (
    "--snmp-version=3 --username=compat --snmp-sec-level=authPriv --snmp-auth-prot=SHA"
    " --password=compat-auth-pass --snmp-priv-prot=AES --snmp-priv-passwd=compat-priv-pass"
)
# Each version has an outlet of its own, so that all three can be tried at once.
VERSIONS = {6: "", 7: "--snmp-version=2c --community=private", 8: V3}
ACTIONS = {
    "list": "",
    "off": "Success: Powered OFF",
    "status": "Status: OFF",
    "on": "Success: Powered ON",
    "reboot": "Success: Rebooted",
}


def test_a_fence_agent_can_do_everything_in_every_version(demo: Demo) -> None:
    require(*NEEDED["fence_apc_snmp"])
    require_terminals()
    movements = stage.Movements(demo)
    run = stage.runner(demo, {})

    def everything(outlet: int) -> None:
        for action, told in ACTIONS.items():
            output = run(f"{FENCE} {VERSIONS[outlet]} --plug={outlet} --action={action}")
            assert output == told or (not told and f"\n{outlet},Outlet {outlet}" in output), output

    with ThreadPoolExecutor() as pool:
        list(pool.map(everything, VERSIONS))
    moved = movements.at_rest()
    for outlet in VERSIONS:
        assert [each for each in moved if each[0] == outlet] == [(outlet, 0), (outlet, 1)] * 2
    assert len(moved) == 4 * len(VERSIONS)
