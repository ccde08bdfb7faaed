# SPDX-License-Identifier: Apache-2.0
"""The libraries behind displays, which are installed where a display is."""

from __future__ import annotations

import importlib.util

from pdu_agent.model.errors import ChipNotFound

Library = tuple[str, str]
"""The module that is loaded, and the Python package that has it."""


def missing(library: Library) -> str:
    """What to install, in words; empty when it is there.

    Does not load it: that costs memory, and whoever only checks a configuration needs none.
    """
    module, package = library
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a package around it is missing
        found = None
    if found is not None:
        return ""
    return (
        f"this display needs the Python package {package}, which is not installed;"
        " install it, or openpdu[display]"
    )


def need(driver: str, library: Library) -> None:
    """Raises ChipNotFound with what to install: outlets are switched without a display too."""
    text = missing(library)
    if text:
        raise ChipNotFound(driver, "open", text)
