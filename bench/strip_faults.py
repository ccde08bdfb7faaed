# SPDX-License-Identifier: Apache-2.0
"""Every fault of every simulated device: a strip with one of each driver, a lane for each place.

What can happen is asked of the simulators themselves, so that a new verb is played too.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import repository  # noqa: F401
from fault_list import NOTHING, PROOF_S, RELAYS_S, SAMPLES_S, Fault, Lane

from pdu_agent.app.config.load import load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.simulated import entries_of, layout_of, relays_of
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.device import Entry
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.io_line import IoLine
from pdu_agent.model.snapshot import SensorKind

CONFIGURATIONS = tuple(
    Path(__file__).with_name(name) for name in ("strip.yaml", "small_converters.yaml")
)
FIRST_S, STAGGER_S, RECOVERS_S, PASSING_S = 12.0, 0.3, 15.0, 4.0
FOREVER = 1_000_000
WATTS, DC_WATTS = 200.0, 5.0
FELT = {SensorKind.TEMPERATURE: 25.0, SensorKind.HUMIDITY: 50.0, SensorKind.PRESSURE: 1000.0}

CHECKED = {
    *("ads130e08", "ads131e08", "ecm1240", "cse7766", "hlw8032", "modbus", "numato", "lcus"),
    *("sht3x", "sht4x", "aht20", "ds18b20"),
}
"""Drivers whose messages have a checksum or a form, so that a broken one is known."""
SAMPLED = {"ads130e08", "ads131e08", "ads131e08_iio"}
ESTIMATED = {"ads1015", "ads1115"}
DC = {"ina219", "ina226", "ina3221"}
FED_BY_PORT = {"usb-fed", "pi", "lines"}
"""Boards whose relays drop when they are pulled."""
WITHIN_S = {"relays": RELAYS_S, "sensors": 6.0, "fans": 3.0, "io": PROOF_S, "displays": 6.0}

SUBJECTS = {"relays": "board ", "meters": "meter "}
"""Of alarms: before the names that scripts use."""

MARKED = {
    "unplug": ("true", "replug: true"),
    "silent": ("true", "heal: true"),
    "dead": ("true", "heal: true"),
    "block": ("true", "heal: true"),
    "nack": (f"{FOREVER}", "heal: true"),
    "stuck": ("true", "heal: true"),
    "clip_channel": ("2", "heal: true"),
}
PASSING = {
    "corrupt": ("3", "heal: true"),
    "stall": ("2s", ""),
    "power_loss": ("true", ""),
    "lose_frames": ("4000", ""),
    "dead_channel": ("2", "heal: true"),
}
CURED_BY_REPLUG = {("ads131e08_iio", "power_loss")}
"""The kernel sets this converter up when its module is loaded, and never again."""
UNSEEN = {("ads131e08_iio", "lose_frames")}
"""It does not tell either where in a buffer samples are missing: one window may be wrong."""
BY_BUS = ("stuck", "corrupt", "stall")
UNPLAYED = {"replug", "heal", "press", "let_go"}


def lanes(configuration: Path) -> tuple[Lane, ...]:
    settings = load_settings(configuration, {})
    with tempfile.TemporaryDirectory() as folder:
        clock, entries = ManualClock(), entries_of(settings)
        board = SimulatedBoard(
            layout_of(settings), relays_of(settings), entries, clock, clock.advance, Path(folder)
        )
        groups: dict[str, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.place if ":" in entry.place else entry.name, []).append(entry)
        made = [_lane(group, board, settings) for group in groups.values()]
        board.close()
    return tuple(
        replace(lane, starts_s=FIRST_S + STAGGER_S * number) for number, lane in enumerate(made)
    )


def preparation(configuration: Path) -> Iterator[tuple[float, str]]:
    """(seconds, entry of the script): known loads, and surroundings that do not change."""
    settings = load_settings(configuration, {})
    for meter in settings.meters:
        for target in meter.targets:
            watts = DC_WATTS if meter.driver in DC else WATTS
            yield 1.0, f"load: {{of: {target}, watts: {watts:g}, pf: 1}}"
    for sensor in settings.sensors:
        if sensor.kind in FELT:
            yield 1.0, f"sensor: {{number: {sensor.number}, value: {FELT[sensor.kind]:g}}}"


def _lane(entries: Sequence[Entry], board: SimulatedBoard, settings: AgentSettings) -> Lane:
    """Of what is at one place: PiPDU's board has relays and a meter."""
    names = {entry.name for entry in entries}
    relays = {o.number for o in settings.outlets if o.relay and o.relay.bank in names}
    meters = [meter for meter in settings.meters if meter.name in names]
    sensors = [s for s in settings.sensors if _is_at(s, names)]
    main = entries[0]
    within_s = min(_within_s(entry) for entry in entries)
    lane = Lane(
        f"{main.driver} {main.name}",
        (),
        (
            *(SUBJECTS.get(entry.kind, "") + entry.name for entry in entries),
            *(f"outlet {number}" for number in relays),
            *(f"sensor {sensor.number}" for sensor in sensors if main.kind == "io"),
        ),
        frozenset(relays),
        frozenset(target.index for meter in meters for target in meter.targets),
        sensors=frozenset(sensor.number for sensor in sensors),
        fans=frozenset(entry.number for entry in entries if entry.kind == "fans"),
        recovers_s=RECOVERS_S,
        watts=_watts(meters[0].driver) if meters else None,
        readings=next((FELT[s.kind] for s in sensors if s.kind in FELT), None),
    )
    return replace(lane, faults=tuple(_faults(main, lane, within_s, board)))


def _watts(driver: str) -> float | None:
    """What it has to show; None where it is told to guess."""
    if driver in ESTIMATED:
        return None
    return DC_WATTS if driver in DC else WATTS


def _is_at(sensor: Any, names: set[str]) -> bool:
    """The sensor itself, or the board that its contact is wired to."""
    line = getattr(sensor.options, "input", None)
    board = line.board if isinstance(line, IoLine) else ""
    return f"sensor {sensor.number}" in names or f"io {board}" in names


def _within_s(entry: Entry) -> float:
    if entry.driver in SAMPLED:
        return SAMPLES_S
    return WITHIN_S.get(entry.kind) or 3 * entry.options.interval_s


def _faults(entry: Entry, lane: Lane, within_s: float, board: SimulatedBoard) -> Iterator[Fault]:
    device = f"device: {{name: {entry.name}, %s}}"
    own = [verb for verb in board.devices[entry.name].verbs if verb not in UNPLAYED]
    by_bus = [verb for verb in BY_BUS if entry.place in board.buses and verb not in own]
    if "stall" not in own + by_bus:
        raise ValueError(f"{entry.name} cannot stall")
    bus = f"bus: {{name: {entry.place}, %s}}"
    for verb, how in itertools.chain(((v, device) for v in own), ((v, bus) for v in by_bus)):
        yield from _faults_of(verb, how, entry, lane, within_s)


def _faults_of(verb: str, how: str, entry: Entry, lane: Lane, within_s: float) -> Iterator[Fault]:
    value, end = MARKED.get(verb) or PASSING[verb]
    is_marked = verb in MARKED
    if (entry.driver, verb) in CURED_BY_REPLUG:
        is_marked, end = True, "replug: true"
    if _is_mute(entry) and verb in ("silent", "corrupt"):
        is_marked = False
    ending = how % end if end else NOTHING
    is_checked = entry.driver in CHECKED and not _is_mute(entry)
    lies = (entry.driver, verb) in UNSEEN or verb == "dead_channel"
    lies |= verb == "corrupt" and not is_checked
    moves = lane.relays if _drops(verb, entry) else frozenset()
    adopted = moves if getattr(entry.options, "own_supply", False) else frozenset()
    name = f"{entry.driver} {entry.name}: {verb}" + (" of its bus" if how[0] == "b" else "")
    begin = how % f"{verb}: {value}"
    if is_marked:
        yield Fault(name, begin, ending, within_s + 2, within_s, moves=moves)
    else:
        yield Fault(name, begin, ending, PASSING_S, moves=moves, ordered_on=adopted, may_lie=lies)
    if verb == "corrupt":
        begin, until_s = how % f"corrupt: {FOREVER}", within_s if is_checked else None
        yield Fault(f"{name}, all", begin, ending, within_s + 2, until_s, may_lie=lies)


def _drops(verb: str, entry: Entry) -> bool:
    """Does a supply fail that relays hang on? PiPDU's board tells of its boot by silence only."""
    if entry.driver == "pipdu" and verb == "silent":
        return True
    return verb == "power_loss" or (verb == "unplug" and entry.name in FED_BY_PORT)


def _is_mute(entry: Entry) -> bool:
    """A board that never says a word, so that nobody can know whether it still hears."""
    return not getattr(entry.options, "status_query", True)
