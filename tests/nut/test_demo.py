# SPDX-License-Identifier: Apache-2.0
"""`openpdu demo --nut`: what docs/nut.md has a newcomer type first."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.nut.upsd import Upsd, running_upsd
from tests.peers import require
from tests.system.demo_process import ROOT, Demo

pytestmark = pytest.mark.peer
PIECES = ROOT / "contrib/nut/demo"


def test_the_demo_is_shown_and_switched_by_upsd(tmp_path: Path) -> None:
    require("upsd", "upsc", "upscmd", "upsrw")
    with (
        running_upsd(tmp_path / "nut", {"pdu": "openpdu"}) as server,
        Demo(tmp_path, "--nut", str(server.state_path)) as demo,
    ):
        server.until(lambda: server.upsc("pdu", "outlet.count") == "8")
        assert server.upscmd("pdu", "outlet.2.load.off") == "SUCCESS"
        server.until(lambda: server.upsc("pdu", "outlet.2.status") == "off")
        assert server.upsrw("pdu", "outlet.2.desc", "spare") == "SUCCESS"
        assert demo.outlets()[1]["name"] == "spare"


def test_the_pieces_for_it_are_what_upsd_takes(tmp_path: Path) -> None:
    require("upsd", "upsc", "upscmd", "upsrw")
    folder = shutil.copytree(PIECES, tmp_path / "nut")
    folder.chmod(0o700)
    server = Upsd(folder)
    server.state_path = folder
    for name in ("NUT_STATEPATH", "NUT_ALTPIDPATH"):
        server.environment[name] = str(folder)
    conf = folder / "upsd.conf"
    listen = "LISTEN {} {}".format(*server.address.rsplit(":", 1))
    text, found = re.subn(r"LISTEN 127\.0\.0\.1 13493", listen, conf.read_text(encoding="utf-8"))
    assert found == 1
    conf.write_text(text, encoding="utf-8")
    try:
        server.start()
        with Demo(tmp_path, "--nut", str(folder)):
            server.until(lambda: server.upsc("pdu", "device.type") == "pdu")
            who = ("-u", "demo", "-p", "demo")
            command = ("upscmd", "-w", *who, server.ups("pdu"), "outlet.3.load.off")
            assert server.run(*command) == "SUCCESS"
    finally:
        server.stop()
