# SPDX-License-Identifier: Apache-2.0
"""pdudaemon and labgrid as PyPI has them, in an environment of their own. Second tier."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import stage
from tests.peers import require, require_second_tier
from tests.system.demo_process import ROOT, Demo

pytestmark = pytest.mark.peer

PORT = 161  # neither client can be told another one
# pdudaemon without systemd_python, which has to be compiled and is for its journal only.
PDUDAEMON = "aiohttp requests pexpect paramiko pyserial hidapi pysnmp>=7.1.22 pyusb pymodbus"
LABGRID = """
from labgrid.driver.power import apc, sentry
for backend, outlet in ((apc, 5), (sentry, 6)):
    backend.power_set("127.0.0.1", None, outlet, False)
    print(backend.power_get("127.0.0.1", None, outlet))
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with both clients."""
    require_second_tier()
    require("snmpget", "snmpset")
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    pip = [str(root / "bin" / "python"), "-m", "pip", "install", "-q"]
    for packages in (["--no-deps", "pdudaemon>=1.1"], PDUDAEMON.split(), ["labgrid"]):
        installed = subprocess.run([*pip, *packages], capture_output=True, text=True, check=False)
        if installed.returncode:
            pytest.skip(f"cannot install {packages}: {installed.stderr[-300:]}")
    return root / "bin"


@pytest.fixture(scope="module")
def demo(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError as exc:
            pytest.skip(f"port {PORT} of 127.0.0.1 cannot be had: {exc.strerror}")
    made = Demo(tmp_path_factory.mktemp("demo"))
    made.snmp_port = PORT
    with made as running:
        yield running


@pytest.mark.parametrize(("hostname", "outlet"), [("127.0.0.1", 3), ("localhost", 4)])
def test_pdudaemon_switches_as_the_page_says(
    demo: Demo, programs: Path, hostname: str, outlet: int
) -> None:
    page = stage.section("pdudaemon")
    found = re.search(rf"^    (pdudaemon .*--hostname={hostname} --port={outlet} .*)$", page, re.M)
    assert found is not None
    movements = stage.Movements(demo)
    subprocess.run([str(programs / "pdudaemon"), *found[1].split()[1:]], check=True, cwd=ROOT)
    assert movements.at_rest() == [(outlet, 0)]


def test_the_backends_of_labgrid_switch_and_read(demo: Demo, programs: Path) -> None:
    movements = stage.Movements(demo)
    told = subprocess.run(
        [str(programs / "python"), "-c", LABGRID], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["False", "False"]
    assert movements.at_rest() == [(5, 0), (6, 0)]
