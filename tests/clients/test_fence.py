# SPDX-License-Identifier: Apache-2.0
"""fence_apc_snmp where it must not succeed: a cluster relies on its exit status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import stage
from tests.clients.openpdu_mib import OBJECTS
from tests.peers import require, require_terminals
from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer

NAME = "1.3.6.1.4.1.318.1.1.4.5.2.1.3"  # sPDUOutletName
LOCK = OBJECTS["opduOutletLock"].oid
FENCE = "fence_apc_snmp --ip=127.0.0.1 --ipport=1161"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    require("fence_apc_snmp", "snmpget", "snmpset", "snmpwalk")
    require_terminals()
    folder: Path = tmp_path_factory.mktemp("demo")
    with Demo(folder, "--identity", "apc-rpdu") as running:
        yield running


@pytest.mark.parametrize(
    "arguments",
    [
        "--plug=0 --action=off",
        "--plug=9 --action=off",
        "--plug=nas --action=off",
        "--plug=3 --action=off --community=public",
    ],
)
def test_a_wrong_order_fails_and_moves_nothing(demo: Demo, arguments: str) -> None:
    movements = stage.Movements(demo)
    told = stage.runner(demo, {})(f"{FENCE} {arguments}; echo exit status $?")
    assert told.endswith("exit status 1"), told
    assert movements.at_rest() == []


def test_a_locked_outlet_is_not_reported_as_fenced(demo: Demo) -> None:
    movements = stage.Movements(demo)
    demo.snmp("snmpset", f"{LOCK}.4", "i", "2", community="private")
    told = stage.runner(demo, {})(f"{FENCE} --plug=4 --action=off; echo exit status $?")
    assert told.endswith("exit status 1"), told
    assert movements.at_rest() == []


def test_an_outlet_is_found_by_the_name_that_it_was_given(demo: Demo) -> None:
    assert demo.snmp("snmpset", f"{NAME}.6", "s", "web-6", community="private").endswith('"web-6"')
    movements = stage.Movements(demo)
    told = stage.runner(demo, {})(f"{FENCE} --plug=web-6 --action=off")
    assert told == "Success: Powered OFF"
    assert movements.at_rest() == [(6, 0)]
