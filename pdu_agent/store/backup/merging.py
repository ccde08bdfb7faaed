# SPDX-License-Identifier: Apache-2.0
"""What of a backup's record comes back, and what stays as it is now.

Back come the counters with their marks, extremes, groups, changed settings and the wear of relays.
As it is stays what says how outlets stand or are about to move, so that no relay moves by a
restore; and what must never go back: numbers of saves and events, the head of the audit log, and
snmpEngineBoots (RFC 3414 section 2.2: a manager refuses an engine whose boots went back).
"""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.model.record import OutletRecord, Record

BOOTS_AHEAD = 1000
"""Where the present record is lost: more starts than there will have been since the backup."""
UNKNOWN = "unknown"
"""An outlet whose board is asked how it stands; nothing is done to it."""


def merged(backup: Record, present: Record | None) -> Record:
    """The record to start with. present: None on a new or emptied card."""
    if present is None:
        return replace(
            backup,
            seq=backup.seq + BOOTS_AHEAD,
            boots=backup.boots + BOOTS_AHEAD,
            boot_id="",
            last_event=backup.last_event + BOOTS_AHEAD,
            outlets={
                number: OutletRecord(UNKNOWN, switch_count=row.switch_count)
                for number, row in backup.outlets.items()
            },
            plans={name: replace(row, asked=()) for name, row in backup.plans.items()},
            caps={},
            countdowns={},
            trips={},
            stops={},
            outages={},
            taken={},
        )
    return replace(
        present,
        seq=max(present.seq, backup.seq) + 1,
        boots=max(present.boots, backup.boots),
        last_event=max(present.last_event, backup.last_event),
        meters=backup.meters,
        marks=backup.marks,
        sensors=backup.sensors,
        overrides=backup.overrides,
        groups=backup.groups,
        wear=backup.wear,
    )
