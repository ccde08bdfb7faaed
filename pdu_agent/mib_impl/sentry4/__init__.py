# SPDX-License-Identifier: Apache-2.0
"""Server Technology's Sentry4-MIB."""

from __future__ import annotations

from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.syntax import Oid

SENTRY4: Oid = (1, 3, 6, 1, 4, 1, 1718, 4)


def sentry4_module() -> MibModule:
    return MibModule(
        name="Sentry4-MIB",
        about="Server Technology Sentry power distribution units",
        identity=SENTRY4,
        arc=SENTRY4,
        groups=(),
        notification_arc=(*SENTRY4, 100, 0),
    )
