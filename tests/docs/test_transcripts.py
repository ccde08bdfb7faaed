# SPDX-License-Identifier: Apache-2.0
"""The transcripts in the documentation are what really happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.transcripts import commands, comparable, runner, wait_for_readings
from tests.peers import require
from tests.system.demo_process import ROOT, Demo


@pytest.mark.peer
def test_the_snmp_page_is_true(tmp_path: Path) -> None:
    require("snmpget", "snmpset", "snmpwalk", "snmptable")
    page = (ROOT / "docs" / "snmp.md").read_text(encoding="utf-8")
    documented = list(commands(page))
    assert len(documented) > 15
    with Demo(tmp_path) as demo:
        wait_for_readings(demo)
        run = runner(demo)
        for command, output in documented:
            assert comparable(run(command)) == comparable(output), command
