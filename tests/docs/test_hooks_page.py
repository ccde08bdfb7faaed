# SPDX-License-Identifier: Apache-2.0
"""The graceful offs of docs/hooks.md are what the demo's machines do, told by its real hook."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.transcripts import commands, runner, wait_for_readings
from tests.system.demo_process import ROOT, Demo

FASTER = "8"
_FIGURES = re.compile(r"\d+(?= W, | W after | s left)")


def told(output: str) -> list[str]:
    """Its lines without watts and seconds that are left; at this speed a busy machine may have
    no reading for a moment of the progress, but none at the end of it.
    """
    lines = [_FIGURES.sub("#", line) for line in output.splitlines()]
    return [line for line in lines if "shutting down: without a reading" not in line]


def test_every_command_of_the_page_answers_as_written(tmp_path: Path) -> None:
    documented = list(commands((ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")))
    assert len(documented) == 2
    with Demo(tmp_path, "--script", "graceful", "--speed", FASTER, "--outlets", "4") as demo:
        wait_for_readings(demo)
        run = runner(demo)
        for command, output in documented:
            answer, page = told(run(command)), told(output)
            assert (answer[0], answer[-1]) == (page[0], page[-1])
            assert set(answer) <= set(page)
        moves = demo.relay_log.read_text(encoding="ascii").splitlines()
        assert [line.split()[1:] for line in moves][-1] == ["3", "0"]
