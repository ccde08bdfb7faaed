# SPDX-License-Identifier: Apache-2.0
"""What the configuration calls MIBs and identities.

On its own, because the command line names identities too and must not load every MIB for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OWN: Final = "openpdu"

MIB_NAMES = (
    OWN,
    "powernet",
    "sentry3",
    "sentry4",
    "ups",
    "interfaces",
    "host",
    "entity",
    "energy",
)
"""The MIBs that can be served; identity.py makes them."""

IDENTITIES: Mapping[str, str] = {
    "own": OWN,
    "apc-rpdu": "powernet",
    "apc-rpdu2": "powernet",
    "sentry3": "sentry3",
    "sentry4": "sentry4",
}
"""Each identity with the MIB that managers will use then."""
