# SPDX-License-Identifier: Apache-2.0
"""What a page says where there is nothing to show: what to write, and where that is explained."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.model.snapshot import Snapshot
from tests.web.fake_agent import FakeController, make_snapshot
from tests.web.pages.browsing import ADMIN, page

ROOT = Path(__file__).resolve().parents[3]
SECTIONS = {
    "/sensors": "sensors",
    "/ups": "upses",
    "/thresholds": "thresholds",
    "/rules": "rules",
    "/schedules": "plans",
    "/cap": "caps",
}
"""Page -> the section of the configuration that fills it."""


def bare() -> Snapshot:
    return replace(
        make_snapshot(), sensors=(), upses=(), thresholds=(), rules=(), plans=(), caps=(), groups=()
    )


@pytest.mark.parametrize("path", SECTIONS)
def test_an_empty_page_names_the_section_that_fills_it_and_its_document(path: str) -> None:
    _, text = page(FakeController(bare()), path, ADMIN)
    said = re.search(r'<p class="empty">([^<]*)</p>', text)
    assert said is not None
    assert f"under {SECTIONS[path]} in the configuration" in said[1]
    document = re.search(r"docs/[a-z]+\.md", said[1])
    assert document is not None
    told = (ROOT / document[0]).read_text(encoding="utf-8")
    assert f"{SECTIONS[path]}:" in told or f"`{SECTIONS[path]}`" in told


def test_a_page_without_groups_says_how_to_make_one() -> None:
    assert "make one below" in page(FakeController(bare()), "/groups", ADMIN)[1]
