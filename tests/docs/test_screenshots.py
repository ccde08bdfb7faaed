# SPDX-License-Identifier: Apache-2.0
"""The README shows pictures of the page, and they are small enough to be looked at anywhere."""

from __future__ import annotations

import re
import struct
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/screenshots"
MAX_OCTETS = 150_000
_PICTURE = re.compile(r"!\[([^\]]*)\]\((docs/screenshots/[a-z-]+\.png)\)")


def test_the_readme_shows_every_picture_with_words_for_it() -> None:
    shown = _PICTURE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {path for _, path in shown} == {f"docs/screenshots/{f.name}" for f in FOLDER.iterdir()}
    assert len(shown) >= 3
    assert all(len(words) > 10 for words, _ in shown)


def test_the_pictures_are_small() -> None:
    for file in FOLDER.iterdir():
        octets = file.read_bytes()
        width, height = struct.unpack(">II", octets[16:24])
        assert octets.startswith(b"\x89PNG"), file
        assert len(octets) <= MAX_OCTETS, file
        assert 300 <= width <= 1300, file
        assert 300 <= height <= 1300, file
