# SPDX-License-Identifier: Apache-2.0
"""docs/clients.md is what really happens: real clients, under each identity of its table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import daemons, stage
from tests.docs.transcripts import commands
from tests.peers import require
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer

NEEDED = {
    "fence_apc_snmp": ("fence_apc_snmp", "snmpget", "snmpset", "snmpwalk"),
    "powerman": ("powermand", "powerman", "snmpget", "snmpset"),
    "labgrid": ("snmpget", "snmpset"),
    "snmp-ups": ("snmp-ups", "upsd", "upsc", "upsrw"),
}
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
    documented = list(commands(stage.section(client)))
    assert documented
    movements = stage.Movements(demo)
    with STAGES[client](demo, tmp_path) as ports:
        run = stage.runner(demo, ports)
        for command, output in documented:
            assert run(command) == stage.expected(output), command
    assert movements.at_rest() == MOVED[client]
