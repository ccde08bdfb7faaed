# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/python-client.md, run as they stand against a live agent."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.client import Unit
from tests.system.demo_process import Demo

PAGE = Path(__file__).parents[2] / "docs/python-client.md"
_BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    demo = Demo(tmp_path_factory.mktemp("client")).start()
    try:
        with Unit(f"unix:{demo.runtime_dir}/api.sock") as it:
            yield it
    finally:
        demo.stop()


def blocks() -> list[str]:
    found = [textwrap.dedent(block) for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    return [block.strip() for block in found if block.strip()]


def test_every_example_runs(unit: Unit, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"unit": unit}
    for block in blocks():
        # The page shows how one connects to a unit elsewhere; here one is connected already.
        here = re.sub(r"^with Unit\(.*\) as unit:$", "if True:", block, flags=re.MULTILINE)
        exec(compile(here, str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    assert "1 " in said.splitlines()[0]
    assert "True True" in said
    assert "unknown_target" in said


def test_a_second_off_changes_nothing(unit: Unit) -> None:
    unit.on(2, wait_s=10)
    first, second = unit.off(2, wait_s=10), unit.off(2)
    assert (first.changed, first.verified) == (True, True)
    assert (second.changed, second.outlet.is_on) == (False, False)


def test_a_follower_hears_of_a_switch(unit: Unit) -> None:
    unit.off(2, wait_s=10)
    events = unit.events(["state"])
    unit.on(2)
    heard = next(event for event in events if event.kind == "state")
    assert heard.plain["outlet"]["number"] == 2
    events.close()
