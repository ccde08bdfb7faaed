# SPDX-License-Identifier: Apache-2.0
"""The transcripts in the documentation are what really happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.transcripts import commands, comparable, runner, wait_for_readings
from tests.peers import require
from tests.system.demo_process import ROOT, Demo


@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        ("docs/snmp.md", 20),
        ("docs/access.md", 6),
        ("docs/web-access.md", 10),
        ("docs/mibs.md", 9),
        ("README.md", 5),
    ],
)
def test_every_command_of_the_page_answers_as_written(
    tmp_path: Path, name: str, at_least: int
) -> None:
    require("snmpget", "snmpset", "snmpwalk", "snmptable", "snmpbulkget", "snmpbulkwalk")
    page = (ROOT / name).read_text(encoding="utf-8")
    documented = list(commands(page))
    assert len(documented) >= at_least
    with Demo(tmp_path) as demo:
        wait_for_readings(demo)
        run = runner(demo)
        for command, output in documented:
            assert comparable(run(command)) == comparable(output), command
