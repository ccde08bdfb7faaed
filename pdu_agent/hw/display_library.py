# SPDX-License-Identifier: Apache-2.0
"""The libraries behind displays, which are installed where a display is."""

from __future__ import annotations

import importlib.util

from pdu_agent.model.errors import ConfigError


def need_library(module: str, package: str) -> None:
    """Raises ConfigError when `module` of the Python package `package` is not installed.

    Does not load it: that costs memory, and whoever only checks a configuration needs none.
    """
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a package around it is missing
        found = None
    if found is None:
        raise ConfigError(
            f"this display needs the Python package {package}, which is not installed;"
            f" install it, or openpdu[display]"
        )
