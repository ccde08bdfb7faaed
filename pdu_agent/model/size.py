# SPDX-License-Identifier: Apache-2.0
"""How large a unit may be. Alone here, so that the command can know it and start fast."""

MAX_OUTLETS = 64
MAX_INLETS = 8
LAST_GROUP = 255
"""Groups are numbered up to it; there are fewer of them at a time."""
