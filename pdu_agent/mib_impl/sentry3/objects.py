# SPDX-License-Identifier: Apache-2.0
"""All groups of objects of Sentry3-MIB that this unit has."""

from __future__ import annotations

from pdu_agent.mib_impl.sentry.settings import with_kept_columns
from pdu_agent.mib_impl.sentry3.branch import BRANCHES
from pdu_agent.mib_impl.sentry3.env_mon import CONTACTS, ENV_MONS
from pdu_agent.mib_impl.sentry3.infeed import INFEEDS
from pdu_agent.mib_impl.sentry3.outlet import OUTLETS
from pdu_agent.mib_impl.sentry3.probe import PROBES
from pdu_agent.mib_impl.sentry3.system import EVENT_INFORMATION, EVERY_OUTLET, SYSTEM
from pdu_agent.mib_impl.sentry3.tower import TOWERS

GROUPS = tuple(
    with_kept_columns(group)
    for group in (
        SYSTEM,
        EVERY_OUTLET,
        TOWERS,
        INFEEDS,
        OUTLETS,
        ENV_MONS,
        PROBES,
        CONTACTS,
        BRANCHES,
        EVENT_INFORMATION,
    )
)
