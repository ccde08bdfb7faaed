# SPDX-License-Identifier: Apache-2.0
"""Memory that is freed is not kept from the rest of a 256 MB board."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.system.demo_process import ROOT

SCRYPT_TWICE = """
import hashlib
from pathlib import Path
from pdu_agent.app.memory import allocate_sparingly

def resident_kib():
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])

allocate_sparingly()
hashlib.scrypt(b"warm", salt=b"salt", n=2, r=8, p=1)
before = resident_kib()
for _ in range(2):
    hashlib.scrypt(b"word", salt=b"salt", n=2**14, r=8, p=1, maxmem=2**26)
print(resident_kib() - before)
"""


def test_the_memory_of_a_log_in_is_given_back() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("resident memory is told by Linux's /proc")
    result = subprocess.run(
        [sys.executable, "-c", SCRYPT_TWICE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(result.stdout) < 4096
