# SPDX-License-Identifier: Apache-2.0
"""Port 161 takes one capability, and no other is needed for anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.peers import require
from tests.system.demo_process import ROOT


def on_port_161(folder: Path, *capabilities: str) -> dict[str, Any]:
    require("unshare", "setpriv")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a network of its own needs root")
    script = [sys.executable, "-m", "tests.system.privileged_port", str(folder), *capabilities]
    done = subprocess.run(
        ["unshare", "--net", *script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def test_one_capability_is_enough_for_port_161(tmp_path: Path) -> None:
    outcome = on_port_161(tmp_path, "net_bind_service")
    assert outcome["answer"] == [72], outcome["complaint"]


def test_without_it_the_agent_says_what_is_missing(tmp_path: Path) -> None:
    outcome = on_port_161(tmp_path)
    assert (outcome["answer"], outcome["status"]) == (None, 78)
    assert "CAP_NET_BIND_SERVICE" in outcome["complaint"]
