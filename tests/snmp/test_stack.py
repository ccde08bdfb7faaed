# SPDX-License-Identifier: Apache-2.0
"""pysnmp comes without its MIB compiler, and leaves it usable for others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
{before}
import pdu_agent.snmp.engine
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{
    "pysmi", "requests", "urllib3", "jinja2", "lark", "numpy", "yaml"}}))
import pysmi.parser.smi
print(pysmi.parser.smi.__name__)
"""


def _lines(before: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.format(before=before)],
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return done.stdout.splitlines()


def test_the_engine_leaves_the_mib_compiler_out() -> None:
    assert _lines("") == ["[]", "pysmi.parser.smi"]


def test_a_mib_compiler_that_is_loaded_already_stays_usable() -> None:
    assert _lines("import pysmi.parser.smi")[-1] == "pysmi.parser.smi"
