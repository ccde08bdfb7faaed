# SPDX-License-Identifier: Apache-2.0
"""docs/api.md: its transcripts are what a demo answers, its table has every code of a problem."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pdu_agent.web.problems import CODES
from tests.docs.transcripts import commands, comparable, rewritten
from tests.peers import require
from tests.system.demo_process import ROOT, Demo

PAGE = ROOT / "docs" / "api.md"
_ROW = re.compile(r"^\| `([a-z_]+)` \| (\d+) \|", re.MULTILINE)


def runner(demo: Demo) -> Callable[[str], str]:
    """Runs the commands of the page with tokens of this demo."""
    environment = {**os.environ, "PDU": f"http://127.0.0.1:{demo.http_port}"}
    for variable, scope in (("TOKEN", "write"), ("READER", "read")):
        _, made = demo.api("POST", "/tokens", {"name": f"page-{scope}", "scope": scope})
        environment[variable] = made["secret"]

    def run(command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
            check=False,
        )
        return done.stdout.decode("utf-8", "replace").strip()

    return run


@pytest.mark.peer
def test_every_command_of_the_page_answers_as_written(tmp_path: Path) -> None:
    require("curl", "jq")
    documented = list(commands(PAGE.read_text(encoding="utf-8")))
    assert len(documented) >= 11
    with Demo(tmp_path) as demo:
        run = runner(demo)
        for command, output in documented:
            assert comparable(run(command)) == comparable(output), command


def test_every_code_is_explained_with_its_status() -> None:
    rows = {code: int(status) for code, status in _ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert rows == dict(CODES)


if __name__ == "__main__":  # rewrites the page from a demo of its own
    with Demo(Path(sys.argv[1])) as running:
        page = rewritten(PAGE.read_text(encoding="utf-8"), runner(running))
    PAGE.write_text(page, encoding="utf-8")
