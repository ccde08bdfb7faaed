# SPDX-License-Identifier: Apache-2.0
"""What of the configuration is simulated, in the terms of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from pdu_agent.app.config.schema import AgentSettings, MeterSettings, SimulatorSettings
from pdu_agent.app.config.wiring import CurrentChannel, SampledWiring, VoltageChannel
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.connections import is_simulated
from pdu_agent.hw.sim.device import Entry
from pdu_agent.hw.sim.inputs import ConverterPlan, CurrentInput, VoltageInput
from pdu_agent.hw.sim.tolerance import with_real_parts
from pdu_agent.hw.sim.waveform import PHASES, Mains
from pdu_agent.hw.sim.world import Conductor, Layout, Place
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind


def simulated_board(
    settings: AgentSettings,
    clock: Clock,
    sleep: Callable[[float], None],
    *,
    already_running: bool = False,
) -> SimulatedBoard | None:
    """What stands behind the simulated places, without a script; None where there are none.

    Raises ConfigError for a device that has no simulator.
    """
    entries, upses = entries_of(settings), upses_of(settings)
    if not entries and not upses:
        return None
    simulator = settings.simulator
    return SimulatedBoard(
        layout_of(settings),
        relays_of(settings),
        entries,
        clock,
        sleep,
        settings.runtime_dir,
        seed=simulator.seed,
        mains=Mains(simulator.mains_v, simulator.mains_hz, seed=simulator.seed),
        upses=upses,
        relay_log=Path(simulator.relay_log) if simulator.relay_log else None,
        already_running=already_running,
        # Faster than real time the host could never be on time for the next message.
        queue_s=0.0 if simulator.speed == 1.0 else simulator.speed,
        speed=simulator.speed,
    )


def layout_of(settings: AgentSettings) -> Layout:
    return Layout(
        outlets={o.number: Place(o.inlet, o.branch, o.line) for o in settings.outlets},
        inlets=tuple(inlet.number for inlet in settings.inlets),
        lines={line.number: Place(line.inlet, None, line.line) for line in settings.lines},
        branches={b.number: Place(b.inlet, b.number, b.line) for b in settings.branches},
    )


def relays_of(settings: AgentSettings) -> dict[tuple[str, int], int]:
    """Board and relay -> outlet."""
    return {
        (outlet.relay.bank, outlet.relay.relay): outlet.number
        for outlet in settings.outlets
        if outlet.relay is not None
    }


def entries_of(settings: AgentSettings) -> list[Entry]:
    """Everything whose place is simulated, by the names that logs call it by."""
    return [entry for entry in _all_entries(settings) if is_simulated(entry.place)]


def upses_of(settings: AgentSettings) -> dict[str, tuple[int, ...]]:
    """Those of the simulated NUT server, by their names there, and the inlets that they feed."""
    return {ups.there: ups.inlets for ups in settings.upses if is_simulated(ups.server)}


def sensor_name(number: int) -> str:
    """What the simulator and logs call a sensor."""
    return f"sensor {number}"


def _all_entries(settings: AgentSettings) -> Iterator[Entry]:
    layout = layout_of(settings)
    for board in settings.relays:
        yield Entry("relays", board.name, board.driver, board.bus, board.options)
    for meter in settings.meters:
        yield _meter_entry(meter, layout, settings.simulator)
    for sensor in settings.sensors:
        yield Entry(
            "sensors",
            sensor_name(sensor.number),
            sensor.driver,
            _place(sensor.options),
            sensor.options,
            number=sensor.number,
            sensor=sensor.kind,
        )
    for fan in settings.fans:
        yield Entry(
            "fans",
            f"fan {fan.number}",
            fan.driver,
            _place(fan.options),
            fan.options,
            number=fan.number,
        )
    for io in settings.io:
        yield Entry("io", f"io {io.name}", io.driver, _place(io.options), io.options)
    for display in settings.displays:
        name = f"display {display.name}"
        yield Entry("displays", name, display.driver, _place(display.options), display.options)


def _place(options: Any) -> str:
    """Where a device is that says so in its own settings: the one that is simulated, if any."""
    texts = (getattr(options, field.name) for field in fields(options))
    return next((text for text in texts if isinstance(text, str) and is_simulated(text)), "")


def _meter_entry(meter: MeterSettings, layout: Layout, simulator: SimulatorSettings) -> Entry:
    if isinstance(meter.wiring, SampledWiring):
        nominal = converter_plan(meter.wiring, meter.options.used_channels, layout)
        plan = with_real_parts(nominal, simulator.tolerance, f"{simulator.seed} {meter.name}")
        return Entry("meters", meter.name, meter.driver, meter.wiring.bus, meter.options, plan=plan)
    return Entry(
        "meters",
        meter.name,
        meter.driver,
        _place(meter.options),
        meter.options,
        channels=meter.wiring.channels,
    )


def converter_plan(wiring: SampledWiring, used_channels: int, layout: Layout) -> ConverterPlan:
    """The converter as it is wired, with nominal parts: trims are what calibration finds."""
    voltages = zip((wiring.voltage, *wiring.other_voltages), PHASES, strict=False)
    return ConverterPlan(
        used_channels,
        tuple(_voltage_input(voltage, phase, wiring, layout) for voltage, phase in voltages),
        tuple(
            CurrentInput(
                current.channel - 1,
                _conductor(current, wiring),
                current.burden_ohm / current.ct_ratio,
                current.ct_corner_hz,
            )
            for current in wiring.currents
        ),
    )


def _voltage_input(
    voltage: VoltageChannel, phase: str, wiring: SampledWiring, layout: Layout
) -> VoltageInput:
    """On the line of the first point that is measured against it and has one, else on `phase`.

    Further voltages of an outlet or a branch are behind its fuse; `voltage` is at the inlet.
    """
    points = [
        current.feeds
        for current in wiring.currents
        if (current.voltage or wiring.voltage.channel) == voltage.channel and current.feeds
    ]
    lines = [line for point in points if (line := _line_at(point, layout)) != "unknown"]
    fused = [p for p in points if p.kind in (TargetKind.OUTLET, TargetKind.BRANCH)]
    behind = fused[0] if fused and voltage is not wiring.voltage else None
    default = "l1" if behind is not None else phase
    line = lines[0] if lines else default
    return VoltageInput(voltage.channel - 1, line, voltage.divider, behind)


def _line_at(target: Target, layout: Layout) -> str:
    places = {
        TargetKind.LINE: layout.lines,
        TargetKind.BRANCH: layout.branches,
        TargetKind.OUTLET: layout.outlets,
    }.get(target.kind, {})
    place = places.get(target.index)
    return place.line if place is not None else "unknown"


def _conductor(current: CurrentChannel, wiring: SampledWiring) -> Conductor:
    """What has no point of its own is the neutral of the residual sum that it belongs to."""
    if current.feeds is not None:
        return Conductor(current.feeds)
    inlets = [r.inlet for r in wiring.residuals if current.channel in r.channels]
    return Conductor(Target(TargetKind.INLET, inlets[0] if inlets else 1), neutral=True)
