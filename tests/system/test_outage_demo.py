# SPDX-License-Identifier: Apache-2.0
"""`openpdu demo --script outage`: a simulated NUT server, and the whole agent behind it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.system.demo_process import Demo

pytestmark = pytest.mark.peer

LIMIT_S = 90.0
SERVERS, LAMPS = {1, 2}, {3, 4, 5, 6, 7, 8}


def movements(demo: Demo) -> list[tuple[float, int, str]]:
    """Time, outlet and value of each relay that moved."""
    lines = demo.relay_log.read_text(encoding="ascii").splitlines()
    return [(float(at), int(outlet), value) for at, outlet, value in map(str.split, lines)]


def test_lamps_go_first_then_servers_that_have_shut_down_and_all_return(tmp_path: Path) -> None:
    with Demo(tmp_path, "--script", "outage", "--speed", "25") as demo:
        end_s = time.monotonic() + LIMIT_S
        while len(movements(demo)) < 16:
            assert time.monotonic() < end_s, demo.stderr_file.read_text(encoding="utf-8")
            time.sleep(0.2)
        said = demo.stderr_file.read_text(encoding="utf-8")
        moved = movements(demo)
    assert {outlet for _, outlet, _ in moved[:6]} == LAMPS
    assert {outlet for _, outlet, _ in moved[6:8]} == SERVERS
    assert [value for _, _, value in moved] == ["0"] * 8 + ["1"] * 8
    assert [outlet for _, outlet, _ in moved[8:]] == sorted(SERVERS | LAMPS)
    assert moved[6][0] > moved[5][0] + 15.0  # it takes a machine so long to shut down
    assert "it drew under 5 W" in said
    assert "mains has failed" in said
