# SPDX-License-Identifier: Apache-2.0
"""The bench of docs/calibration.md is one that works, and answers as the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.transcripts import commands, comparable
from tests.system.demo_process import ROOT

PAGE = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
FASTER = "20"


def run(folder: Path, command: str) -> str:
    """What it prints; its errors are those of a busy machine, that samples were lost."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OPENPDU_RUNTIME_DIR": str(folder / "run"),
        "OPENPDU_STATE_DIR": str(folder / "state"),
        "OPENPDU_SIMULATOR_SPEED": FASTER,
    }
    result = subprocess.run(
        [sys.executable, "-m", "pdu_agent", *command.split()[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode("utf-8", "replace")
    return result.stdout.decode("utf-8")


def told(output: str) -> str:
    """Without figures and their signs; columns move with their width. A figure that is shown may
    happen to have no decimals.
    """
    output = re.sub(r"(?<=shown )\d+(?=:)", r"\g<0>.0", output)
    return re.sub(r"[-+]?[0-9.]*#", "#", comparable(output)).replace(" +#", " #")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bench, loads = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "bench.yaml").write_text(bench, encoding="utf-8")
    (tmp_path / "loads.yaml").write_text(loads, encoding="utf-8")
    return tmp_path


def test_every_command_of_the_bench_answers_as_written(folder: Path) -> None:
    documented = list(commands(PAGE))
    assert len(documented) >= 5
    dates = re.compile(r"\d{4}-\d\d-\d\d")
    for command, output in documented:
        answer = dates.sub("", run(folder, command))
        assert told(answer) == told(dates.sub("", output)), command


def test_null_of_the_bench_reaches_the_goal(folder: Path) -> None:
    answer = run(folder, "./openpdu calibrate chip1 --null 1 --config bench.yaml --yes")
    match = re.search(r"residual +([0-9.]+) mA, now ([0-9.]+) mA", answer)
    assert match is not None
    assert float(match[1]) > 50
    assert float(match[2]) <= 0.5 + 0.0002 * 8700
