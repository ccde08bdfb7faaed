# SPDX-License-Identifier: Apache-2.0
"""Where a log-in may lead to: a page of this unit, and nowhere else."""

from __future__ import annotations

HOME = "/"
_MAX = 512


def local_path(text: str) -> str:
    """The path with its query, or the first page where it may lead elsewhere.

    A browser takes `//host`, and `/\\host`, for another machine, and drops control characters.
    """
    is_plain = len(text) <= _MAX and text.isascii() and text.isprintable() and "\\" not in text
    return text if is_plain and text.startswith("/") and not text.startswith("//") else HOME
