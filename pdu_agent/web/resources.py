# SPDX-License-Identifier: Apache-2.0
"""A Snapshot as JSON-ready data, in the shapes that openapi.yaml promises.

Missing is None. Instants are RFC 3339 strings in UTC; everything else has its unit in its name.
"""

from __future__ import annotations

from collections.abc import Sequence

from pdu_agent.model.commands import Actor, Hold, Limit, Target
from pdu_agent.model.control import NextChange
from pdu_agent.model.hooks import HookRow
from pdu_agent.model.quantities import watt_hours
from pdu_agent.model.snapshot import (
    Alarm,
    Branch,
    Fan,
    Group,
    Inlet,
    Line,
    LoggedEvent,
    Outlet,
    Sensor,
    Snapshot,
    SourceCounts,
    SwitchProof,
    Threshold,
)
from pdu_agent.web.host import host
from pdu_agent.web.measured import branch, energy_of, inlet, line, meter_of
from pdu_agent.web.plain import Plain, instant, number, words
from pdu_agent.web.upses import row as ups_row


def _actor(actor: Actor | None) -> Plain | None:
    if actor is None:
        return None
    return {"face": actor.face, "who": actor.who, "address": actor.address}


def pending(row: Outlet) -> Plain | None:
    """The accepted action that has not finished, and in how many seconds it acts."""
    if row.pending is None:
        return None
    return {"action": row.pending.value, "in_s": number(row.pending_s)}


def outlet(row: Outlet) -> Plain:
    return {
        **lasting(row),
        "on_s": number(row.wear.on_s),
        "meter": meter_of(row.meter) if row.meter else None,
    }


def lasting(row: Outlet) -> Plain:
    """What does not change as long as nothing happens to the outlet: all but readings and hours."""
    return {
        "number": row.index,
        "name": row.name,
        "note": row.note,
        "receptacle": row.receptacle,
        "position": row.position,
        "device": row.device,
        "inlet": row.inlet,
        "branch": row.branch,
        "line": row.line,
        "switched": row.switched,
        "state": row.state.value,
        "pending": pending(row),
        "stopping": row.stopping,
        "relay_closed": row.relay_closed,
        "faults": words(row.faults),
        "lock": row.lock.value,
        "holds": [_hold(each) for each in row.holds],
        "next_change": _next_change(row.next_change),
        "on_delay_s": row.on_delay_s,
        "off_delay_s": row.off_delay_s,
        "reboot_s": row.reboot_s,
        "min_on_s": row.min_on_s,
        "min_off_s": row.min_off_s,
        "pulse_s": number(row.pulse_s),
        "priority": row.priority,
        "rated_current_a": number(row.rated_current_a),
        "power_up": row.power_up.value,
        "switch_count": row.switch_count,
        "worn_percent": number(row.wear.worn_percent),
        "changed_at": instant(row.last_change_wall_s),
        "changed_by": _actor(row.last_actor),
        "change_reason": row.last_reason.value,
        "last_proof": _proof(row.last_proof),
        "hooks": {
            "before_on": row.hooks.before_on,
            "after_on": row.hooks.after_on,
            "before_off": row.hooks.before_off,
            "after_off": row.hooks.after_off,
        },
    }


def _hold(row: Hold) -> Plain:
    return {
        "source": row.source,
        "rank": row.rank.name.lower(),
        "keeps": "on" if row.wants_on else "off",
        "text": row.text,
        "since": instant(row.since_wall_s),
        "ends": row.ends,
        "until": instant(row.until_wall_s),
    }


def _next_change(row: NextChange | None) -> Plain | None:
    if row is None:
        return None
    return {
        "source": row.source,
        "action": row.action.value,
        "at": instant(row.wall_s),
        "text": row.text,
    }


def _proof(proof: SwitchProof | None) -> Plain | None:
    if proof is None:
        return None
    return {
        "ordered": "on" if proof.closed else "off",
        "verdict": proof.verdict.value,
        "relay_closed": proof.read_back,
        "moved_at": instant(proof.moved_wall_s),
        "current_before_a": number(proof.current_before_a),
        "current_after_a": number(proof.current_after_a),
        "power_before_w": number(proof.power_before_w),
        "power_after_w": number(proof.power_after_w),
    }


def alarm(row: Alarm) -> Plain:
    return {
        "id": row.id,
        "kind": row.kind,
        "severity": row.severity.value,
        "subject": row.subject,
        "text": row.text,
        "since": instant(row.since_wall_s),
        "acknowledged": row.acknowledged,
    }


def _target(target: Target | None) -> str | None:
    return None if target is None else str(target)


def sensor(row: Sensor) -> Plain:
    """`value`, `minimum` and `maximum`: Celsius, percent relative humidity, hPa, or 0 and 1."""
    return {
        "number": row.index,
        "name": row.name,
        "kind": row.kind.value,
        "status": row.status.value,
        "value": number(row.value),
        "minimum": number(row.minimum),
        "maximum": number(row.maximum),
        "maximum_at": instant(row.maximum_wall_s),
        "extremes_since": instant(row.extremes_since_wall_s),
        "sampled_at": instant(row.sample_wall_s),
    }


def fan(row: Fan) -> Plain:
    return {
        "number": row.index,
        "name": row.name,
        "duty_percent": number(row.duty_percent),
        "speed_rpm": number(row.speed_rpm),
        "status": row.status.value,
    }


def group(row: Group) -> Plain:
    return {
        "number": row.index,
        "name": row.name,
        "outlets": list(row.members),
        "state": row.state.value,
        "configured": row.configured,
        "active_power_w": number(row.active_power_w),
        "user_energy_wh": watt_hours(row.user_energy_mj),
    }


def threshold(row: Threshold) -> Plain:
    """The limits are in the unit of the quantity: V A W VA 1 Hz Wh, Celsius or percent."""
    limits = {
        Limit.LOW_CRITICAL: row.low_critical,
        Limit.LOW_WARNING: row.low_warning,
        Limit.HIGH_WARNING: row.high_warning,
        Limit.HIGH_CRITICAL: row.high_critical,
    }
    return {
        "target": str(row.target),
        "quantity": row.quantity.value,
        "state": row.state.value,
        "value": number(row.value),
        **{
            limit.value.replace(" ", "_"): number(at) if limit in row.enabled else None
            for limit, at in limits.items()
        },
        "hysteresis": number(row.hysteresis),
        "delay_s": number(row.delay_s),
    }


def event(row: LoggedEvent) -> Plain:
    return {
        "number": row.number,
        "time": instant(row.t_wall_s),
        "kind": row.kind.value,
        "severity": row.severity.value,
        "target": _target(row.target),
        "text": row.text,
        "user": row.user or None,
    }


def device(snapshot: Snapshot) -> Plain:
    row = snapshot.device
    return {
        "name": row.name,
        "contact": row.contact,
        "location": row.location,
        "model": row.model,
        "serial_number": row.serial_number,
        "hardware_revision": row.hardware_revision,
        "software_version": row.software_version,
        "outlet_count": len(snapshot.outlets),
        "inlet_count": len(snapshot.inlets),
        "branch_count": len(snapshot.branches),
        "sequence_interval_s": number(row.sequence_interval_s),
        "cold_start_delay_s": number(row.cold_start_delay_s),
        "asset_tag": row.asset_tag,
        "temperature_scale": row.temperature_scale.value,
        "time_zone": row.time_zone,
        "uptime_s": number(snapshot.uptime_s),
        "time": instant(snapshot.t_wall_s),
    }


def health(snapshot: Snapshot) -> Plain:
    row = snapshot.health
    return {
        "time": instant(snapshot.t_wall_s),
        "uptime_s": number(snapshot.uptime_s),
        "loop_lag_s": number(row.loop_lag_s),
        "reading_age_s": number(row.reading_age_s),
        "lost_samples": row.lost_samples,
        "rejected_readings": row.rejected_readings,
        "hardware_errors": row.hardware_errors,
        "store_ok": row.store_ok,
        "engine_boots": row.engine_boots,
        "sources": [_counts(each) for each in row.sources],
        "host": host(snapshot.host),
    }


def _counts(row: SourceCounts) -> Plain:
    return {
        "source": row.source,
        "rejected_readings": row.rejected_readings,
        "lost_samples": row.lost_samples,
        "hardware_errors": row.hardware_errors,
    }


def moment(snapshot: Snapshot) -> Plain:
    return {"time": instant(snapshot.t_wall_s)}


def inlets(snapshot: Snapshot) -> Plain:
    rows = [inlet(row) for row in snapshot.inlets]
    return {"time": instant(snapshot.t_wall_s), "inlets": rows}


def lines(snapshot: Snapshot) -> Plain:
    rows = [line(row) for row in snapshot.lines]
    return {"time": instant(snapshot.t_wall_s), "lines": rows}


def branches(snapshot: Snapshot) -> Plain:
    rows = [branch(row) for row in snapshot.branches]
    return {"time": instant(snapshot.t_wall_s), "branches": rows}


def alarms(snapshot: Snapshot) -> Plain:
    rows = [alarm(row) for row in snapshot.alarms]
    return {"time": instant(snapshot.t_wall_s), "alarms": rows}


def sensors(snapshot: Snapshot) -> Plain:
    rows = [sensor(row) for row in snapshot.sensors]
    return {"time": instant(snapshot.t_wall_s), "sensors": rows}


def fans(snapshot: Snapshot) -> Plain:
    rows = [fan(row) for row in snapshot.fans]
    return {"time": instant(snapshot.t_wall_s), "fans": rows}


def hooks(snapshot: Snapshot, rows: Sequence[HookRow]) -> Plain:
    return {"time": instant(snapshot.t_wall_s), "hooks": [_hook(row) for row in rows]}


def _hook(row: HookRow) -> Plain:
    last = row.last
    return {
        "name": row.name,
        "kind": row.kind,
        "time_limit_s": number(row.time_limit_s),
        "ignore_errors": row.ignore_errors,
        "last": last
        and {
            "moment": last.moment,
            "outlet": last.outlet,
            "ended_at": instant(last.wall_s),
            "error": last.error,
            "seconds": number(last.seconds),
        },
    }


def groups(snapshot: Snapshot) -> Plain:
    rows = [group(row) for row in snapshot.groups]
    return {"time": instant(snapshot.t_wall_s), "groups": rows}


def thresholds(snapshot: Snapshot) -> Plain:
    """Those that watch something; the others have no limit."""
    rows = [threshold(row) for row in snapshot.thresholds if row.enabled]
    return {"time": instant(snapshot.t_wall_s), "thresholds": rows}


def all_but_outlets(snapshot: Snapshot) -> Plain:
    """The whole unit in one instant, as `outlet` shows the rest of it."""
    return {
        "device": device(snapshot),
        **inlets(snapshot),
        **lines(snapshot),
        **branches(snapshot),
        **fans(snapshot),
        "upses": [ups_row(ups, snapshot) for ups in snapshot.upses],
        **alarms(snapshot),
        "health": health(snapshot),
    }


def energy(snapshot: Snapshot) -> Plain:
    """The counters of every metering point, without the rest; what has no meter is left out."""
    return {
        "time": instant(snapshot.t_wall_s),
        "inlets": _counters(snapshot.inlets),
        "lines": _counters(snapshot.lines),
        "branches": _counters(snapshot.branches),
        "outlets": _counters(snapshot.outlets),
    }


def _counters(rows: Sequence[Inlet | Line | Branch | Outlet]) -> list[Plain]:
    return [
        {"number": row.index, "name": row.name, **energy_of(row.meter)} for row in rows if row.meter
    ]
