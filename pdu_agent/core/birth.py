# SPDX-License-Identifier: Apache-2.0
"""What a core is born with: the record of the run before, joined with the settings of now."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from pdu_agent.core.live_settings import Sections
from pdu_agent.core.metered.demand import DemandWindow
from pdu_agent.core.metered.sensors import SensorLive
from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState, initial_ledger, live_outlet
from pdu_agent.core.switching.groups import initial_groups
from pdu_agent.model.commands import TargetKind
from pdu_agent.model.record import Record, SensorRecord
from pdu_agent.model.snapshot import LoggedEvent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Birth:
    """What the core is told about this start.

    record: as loaded, with boots already counted. continuous: the runtime tier was found,
    so nothing was lost since the last save. boot_id: names this boot of the board; stored
    deadlines are only good within one. events: the event log as far as it was found, oldest
    first. config_lock: where the advisory lock starts, another value at each start, so that
    nobody takes the lock of a former run for this one's.
    """

    record: Record
    continuous: bool
    boot_id: str
    software_version: str
    warnings: tuple[str, ...] = ()
    events: tuple[LoggedEvent, ...] = ()
    config_lock: int = 0


def initial_state(
    birth: Birth, settings: CoreSettings, sections: Sections, wall_s: float
) -> CoreState:
    """The state as the record left it, for what the settings have now."""
    record = birth.record
    state = CoreState(
        overrides=sections.without_disorder(record.overrides),
        groups=initial_groups(record.groups, sections),
        config_lock=birth.config_lock,
        last_event=record.last_event,
        plans=dict(record.plans),
        rules=dict(record.rules),
        caps=dict(record.caps),
        countdowns=dict(record.countdowns),
        trips=dict(record.trips),
        stops=dict(record.stops),
        wear=dict(record.wear),
        outages=dict(record.outages),
        taken=dict(record.taken),
    )
    if record.boot_id != birth.boot_id:
        for number, row in state.countdowns.items():
            state.countdowns[number] = replace(row, due_mono_s=None)
        for name, outage in state.outages.items():
            state.outages[name] = replace(outage, since_mono_s=None, stage_mono_s=None)
    for path in record.overrides.keys() - state.overrides.keys():
        log.warning("%s: changed at run time, dropped: the file's limits contradict it", path)
    for number in record.groups.keys() - state.groups.keys():
        log.warning("group %d: made at run time, dropped: the file has one of that number", number)
    for sensor in settings.sensors:
        new = SensorRecord(extremes_since_wall_s=wall_s)
        state.sensors[sensor.number] = SensorLive(record.sensors.get(sensor.number, new))
    lost_s = 0.0 if birth.continuous else 0.01
    for outlet in settings.outlets:
        live = live_outlet(outlet, record.outlets.get(outlet.number))
        if record.boot_id != birth.boot_id:
            live = replace(live, machine=replace(live.machine, deadline_s=None))
        state.outlets[outlet.number] = replace(live, discontinuity_s=lost_s)
    for target in settings.metered_points():
        recorded = record.meters.get(str(target))
        has_power = target.kind is not TargetKind.RESIDUAL
        window = DemandWindow(settings.device.demand_window_s) if has_power else None
        mark = record.marks.get(str(target))
        if mark is not None and record.boot_id != birth.boot_id:
            mark = mark._replace(mono_s=None)
        state.ledgers[target] = initial_ledger(recorded, wall_s, lost_s, window, mark)
    return state
