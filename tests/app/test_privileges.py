# SPDX-License-Identifier: Apache-2.0
"""Programs that the agent runs have none of its capabilities."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.system.demo_process import ROOT

NET_BIND = 1 << 10  # <linux/capability.h>
CODE = """
import subprocess
from pdu_agent.app.privileges import keep_privileges

def capabilities(words):
    rows = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return [row.split()[1] for row in rows.splitlines() if row.startswith("CapAmb")]

status = ["cat", "/proc/self/status"]
print(*capabilities(status))
keep_privileges()
print(*capabilities(status))
print([row.split()[1] for row in open("/proc/self/status") if row.startswith("CapEff")][0])
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can hand capabilities on, by setpriv",
)
def test_what_is_run_gets_no_capability_and_the_agent_keeps_its_own() -> None:
    raised = ["setpriv", "--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service"]
    words = [*raised, sys.executable, "-c", CODE]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if "unable to set" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip(f"capabilities cannot be set here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    before, after, own = (int(word, 16) for word in done.stdout.split())
    assert before & NET_BIND
    assert after == 0
    assert own & NET_BIND
