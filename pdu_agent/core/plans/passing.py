# SPDX-License-Identifier: Apache-2.0
"""Refusals that pass: what was refused so is tried again for a while."""

from __future__ import annotations

AGAIN_S = 10.0
GIVEN_UP_S = 600.0
"""What is refused for a reason that passes is tried again for so long."""
