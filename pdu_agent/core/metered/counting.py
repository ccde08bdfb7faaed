# SPDX-License-Identifier: Apache-2.0
"""What went wrong on the way from and to the hardware, in all and per source."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.model.snapshot import Health, SourceCounts


def counted(
    health: Health, source: str, *, rejected: int = 0, lost_samples: int = 0, errors: int = 0
) -> Health:
    """The health with so much more on the counters of `source` ("meter main"), and in all."""
    if not (rejected or lost_samples or errors):
        return health
    rows = {row.source: row for row in health.sources}
    before = rows.get(source, SourceCounts(source))
    rows[source] = SourceCounts(
        source,
        before.rejected_readings + rejected,
        before.lost_samples + lost_samples,
        before.hardware_errors + errors,
    )
    return replace(
        health,
        rejected_readings=health.rejected_readings + rejected,
        lost_samples=health.lost_samples + lost_samples,
        hardware_errors=health.hardware_errors + errors,
        sources=tuple(rows[name] for name in sorted(rows)),
    )
