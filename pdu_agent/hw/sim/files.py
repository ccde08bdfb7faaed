# SPDX-License-Identifier: Apache-2.0
"""Files that stand for those of the kernel."""

from __future__ import annotations

from pathlib import Path


def put(path: Path, text: str) -> None:
    """Replaced as a whole: whoever reads meanwhile gets the old text or the new one, as of the
    kernel.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)
