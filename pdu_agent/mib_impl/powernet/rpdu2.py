# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2: the second generation of rack power units."""

from __future__ import annotations

from typing import Any

from pdu_agent.mib_impl.schema import Scalars, Table

RPDU2: tuple[Scalars[Any] | Table[Any], ...] = ()
