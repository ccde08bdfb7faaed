# SPDX-License-Identifier: Apache-2.0
"""State and settings joined into the rows that faces see."""

from __future__ import annotations

from pdu_agent.core.ledger import Ledger
from pdu_agent.core.settings import DeviceSettings, InletSettings, OutletSettings
from pdu_agent.core.state import OutletLive
from pdu_agent.model.snapshot import Device, Inlet, Outlet


def shown_outlet(
    settings: OutletSettings,
    live: OutletLive,
    ledger: Ledger | None,
    now_s: float,
    due_s: float | None,
) -> Outlet:
    """due_s: when the relay of a queued outlet may move, for the countdown."""
    machine = live.machine
    acts_s = machine.deadline_s if machine.deadline_s is not None else due_s
    waiting = machine.pending is not None and acts_s is not None
    return Outlet(
        index=settings.number,
        name=settings.name or f"Outlet {settings.number}",
        note=settings.note,
        receptacle=settings.receptacle,
        position=settings.position,
        device=settings.device,
        inlet=settings.inlet,
        line=settings.line,
        switched=settings.relay is not None,
        state=machine.state,
        pending=machine.pending,
        pending_s=max(0.0, acts_s - now_s) if waiting and acts_s is not None else 0.0,
        relay_closed=machine.contact if settings.relay is not None else None,
        lock=live.lock,
        on_delay_s=settings.on_delay_s,
        off_delay_s=settings.off_delay_s,
        reboot_s=settings.reboot_s,
        power_up=settings.power_up,
        switch_count=live.switch_count,
        last_reason=live.reason,
        last_actor=live.actor,
        last_change_s=live.changed_s,
        last_change_wall_s=live.changed_wall_s,
        discontinuity_s=live.discontinuity_s,
        meter=ledger.shown(settings.rated_current_a) if ledger is not None else None,
    )


def shown_inlet(settings: InletSettings, ledger: Ledger) -> Inlet:
    return Inlet(
        index=settings.number,
        name=settings.name or f"Inlet {settings.number}",
        line_count=1,
        meter=ledger.shown(settings.rated_current_a),
    )


def shown_device(settings: DeviceSettings, software_version: str) -> Device:
    return Device(
        name=settings.name,
        contact=settings.contact,
        location=settings.location,
        model=settings.model,
        serial_number=settings.serial_number,
        hardware_revision=settings.hardware_revision,
        software_version=software_version,
        sequence_interval_s=settings.sequence_interval_s,
        cold_start_delay_s=settings.cold_start_delay_s,
    )
