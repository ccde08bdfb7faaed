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
    "powernet-ups",
)
"""The MIBs that can be served; identity.py makes them."""

USUAL_MIBS = tuple(name for name in MIB_NAMES if name != "powernet-ups")
"""Those that are served unless the configuration says otherwise: tools take a unit with the groups
of APC's UPSes for one of these.
"""

IDENTITIES: Mapping[str, str] = {
    "own": OWN,
    "apc-rpdu": "powernet",
    "apc-rpdu2": "powernet",
    "sentry3": "sentry3",
    "sentry4": "sentry4",
}
"""Each identity with the MIB that managers will use then."""
