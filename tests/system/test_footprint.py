# SPDX-License-Identifier: Apache-2.0
"""What a running agent has loaded: a 256 MB board pays for every module."""

from __future__ import annotations

import subprocess
import sys

from tests.system.demo_process import ROOT

FORBIDDEN = ("pysmi", "jinja2", "requests", "lark", "sqlalchemy", "PIL", "numpy.testing", "pytest")
LOADED = "pdu_agent.app.agent, pdu_agent.app.demo, pdu_agent.snmp.face, pdu_agent.web.server"


def loaded_of(modules: tuple[str, ...], program: str) -> list[str]:
    """Which of `modules` a fresh interpreter has loaded after `import program`."""
    program = f"import sys, {program}; print(*[m for m in {modules!r} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return result.stdout.split()


def test_the_whole_agent_loads_nothing_that_it_does_not_use() -> None:
    assert loaded_of(FORBIDDEN, LOADED) == []


def test_the_demo_needs_no_yaml_parser() -> None:
    assert loaded_of(("yaml",), LOADED) == []
