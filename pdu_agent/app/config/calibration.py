# SPDX-License-Identifier: Apache-2.0
"""The file of trims that `openpdu calibrate` has found, apart from what a person writes.

A trim belongs to the parts that it was found with: when the configuration says other parts
now (turns, burden, divider, reference, input gain), it is void. That is a warning and no error,
since a unit that does not start switches nothing at all.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from pdu_agent.app.config import versions, yaml12
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.nulls import NullCalibration, nulled
from pdu_agent.app.config.nulls import unfit as unfit_null
from pdu_agent.app.config.schema import MeterSettings
from pdu_agent.app.config.tree import Place, Problems
from pdu_agent.app.config.wiring import CHANNELS_PER_CONVERTER, SampledWiring
from pdu_agent.app.wiring import meter_channels
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

DEFAULT_NAME = "calibration.yaml"
_SAME_PARTS = 1e-6
_VOLTAGE_FIELDS = ("gain", "offset_counts", "phase_delay_s")
_CURRENT_FIELDS = (*_VOLTAGE_FIELDS, "ct_corner_hz")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCalibration:
    """The trims of one channel, as of its settings in the configuration.

    units_per_count: V or A per code of its nominal parts. noise_floor: V or A.
    """

    LABELS: ClassVar = ("meter", "channel")

    meter: str = setting(max_length=32)
    channel: int = setting(minimum=1, maximum=CHANNELS_PER_CONVERTER)
    units_per_count: float = setting(minimum=0, maximum=1e6, doc="of the nominal parts")
    gain: float = setting(1.0, minimum=-2, maximum=2)
    offset_counts: float = setting(0.0, minimum=-(2**23), maximum=2**23)
    phase_delay_s: float = setting(0.0, minimum=-0.001, maximum=0.001)
    ct_corner_hz: float = setting(0.0, minimum=0, maximum=20)
    noise_floor: float | None = setting(None, minimum=0, maximum=10, doc="V or A")
    date: str = setting("", max_length=10, doc="of the measurement, such as 2027-01-31")
    reference: str = setting("", max_length=64, doc="what it was compared with")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPoint:
    """One comparison with the reference: what it showed, and what the channel did.

    quantity: voltage (V), current (A) or active power (W).
    """

    LABELS: ClassVar = ("meter", "channel")

    meter: str = setting(max_length=32)
    channel: int = setting(minimum=1, maximum=CHANNELS_PER_CONVERTER)
    quantity: str = setting(choices=("voltage", "current", "active power"))
    true: float = setting(minimum=-1e6, maximum=1e6)
    shown: float = setting(minimum=-1e6, maximum=1e6)
    date: str = setting("", max_length=10)
    reference: str = setting("", max_length=64)

    @property
    def error_percent(self) -> float:
        return 100 * (self.shown - self.true) / self.true if self.true else math.nan


@dataclass(frozen=True, slots=True)
class CalibrationFile:
    """Each channel and each null once; load points in the order in which they were measured."""

    schema: int = setting(1)
    channels: tuple[ChannelCalibration, ...] = setting((), max_length=128)
    points: tuple[LoadPoint, ...] = setting((), max_length=2048)
    nulls: tuple[NullCalibration, ...] = setting((), max_length=64)

    def with_channel(self, found: ChannelCalibration) -> CalibrationFile:
        """This channel's trims replaced; its load points go, as they tell of the old ones."""
        key = (found.meter, found.channel)
        return replace(
            self,
            channels=(*_others(self.channels, key), found),
            points=tuple(_others(self.points, key)),
        )

    def with_point(self, point: LoadPoint) -> CalibrationFile:
        return replace(self, points=(*self.points, point))

    def with_null(self, found: NullCalibration) -> CalibrationFile:
        """This sum's null replaced."""
        key = (found.meter, found.inlet)
        others = (each for each in self.nulls if (each.meter, each.inlet) != key)
        return replace(self, nulls=(*others, found))


def _others(entries: Iterable[Any], key: tuple[str, int]) -> list[Any]:
    return [entry for entry in entries if (entry.meter, entry.channel) != key]


def read(path: Path, problems: Problems) -> tuple[CalibrationFile, Checker] | None:
    """None, with the reasons in `problems`, when the file cannot be used; raises nothing."""
    try:
        with path.open("rb") as file:
            raw = file.read(yaml12.MAX_FILE_BYTES + 1)
    except OSError as exc:
        problems.error(Place(str(path)), f"cannot be read: {exc.strerror}")
        return None
    root = yaml12.parse(raw, str(path), problems)
    tree = versions.upgraded(root, str(path), problems) if root is not None else None
    if tree is None:
        return None
    checker = Checker(problems)
    file_ = checker.record(CalibrationFile, tree)
    return None if file_ is None else (file_, checker)


def write(path: Path, file: CalibrationFile) -> None:
    """Replace the file at once, or leave it as it was. Raises OSError, and ConfigError for what
    could not be read back: an agent would not start with it.

    Readable by all: a trim is no secret, and the agent runs as another user than root.
    """
    lines = ["# Made by `openpdu calibrate`; measure again rather than edit.", "schema: 1"]
    for section, rows in asdict(file).items():
        if section != "schema":
            lines += [f"{section}:", *(f"  - {_flow(row)}" for row in rows)]
            if not rows:
                lines[-1] += " []"
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as output:
        output.write("\n".join(lines) + "\n")
        output.flush()
        os.fsync(output.fileno())
    problems = Problems()
    read(fresh, problems)
    if problems.errors:
        fresh.unlink()
        raise ConfigError("\n".join(problem.text for problem in problems.errors))
    fresh.chmod(0o644)
    fresh.replace(path)


def _flow(row: Mapping[str, Any]) -> str:
    """JSON is YAML; what is not known is left out."""
    return json.dumps({key: value for key, value in row.items() if value is not None})


def calibrated(
    meters: tuple[MeterSettings, ...], path: Path, problems: Problems
) -> tuple[MeterSettings, ...]:
    """The meters with the trims of the file, if there is one; what is wrong goes to `problems`."""
    if not path.exists():
        return meters
    found = read(path, problems)
    if found is None:
        return meters
    _, checker = found
    fit = []
    for where, entry in checker.found("channels#"):
        text = _unfit(entry, meters)
        if text:
            problems.warn(checker.place(where), text)
        else:
            fit.append(entry)
    trimmed_meters = tuple(_with_trims(meter, fit) for meter in meters)
    nulls = []
    for where, null in checker.found("nulls#"):
        text = unfit_null(null, trimmed_meters)
        if text:
            problems.warn(checker.place(where), text)
        else:
            nulls.append(null)
    return tuple(nulled(meter, nulls) for meter in trimmed_meters)


def units_per_count(meter: MeterSettings) -> dict[int, float]:
    """Channel from 1 on -> V or A per code of its nominal parts; empty for other meters."""
    if not isinstance(meter.wiring, SampledWiring):
        return {}
    channels = meter_channels(meter.wiring, meter.options.volts_per_count)
    return {
        channel + 1: scale.units_per_count
        for channel, scale in zip(channels.rows, channels.scales, strict=True)
    }


def _unfit(entry: ChannelCalibration, meters: tuple[MeterSettings, ...]) -> str:
    units = {meter.name: units_per_count(meter) for meter in meters}
    nominal = units.get(entry.meter, {}).get(entry.channel)
    where = f"meter {entry.meter!r} channel {entry.channel}"
    if nominal is None:
        return f"there is no {where}: these trims serve nothing"
    if not math.isclose(nominal, entry.units_per_count, rel_tol=_SAME_PARTS):
        return (
            f"{where} was calibrated with other parts ({entry.units_per_count:.6g} a code, now"
            f" {nominal:.6g}), so its trims are not used; calibrate it again:"
            f" openpdu calibrate {entry.meter} {entry.channel}"
        )
    return ""


def _with_trims(meter: MeterSettings, entries: Iterable[ChannelCalibration]) -> MeterSettings:
    mine = [entry for entry in entries if entry.meter == meter.name]
    if not mine or not isinstance(meter.wiring, SampledWiring):
        return meter
    return replace(meter, wiring=trimmed(meter.wiring, mine))


def trimmed(wiring: SampledWiring, entries: Iterable[ChannelCalibration]) -> SampledWiring:
    """The wiring with these trims of its channels."""
    by_channel = {entry.channel: entry for entry in entries}
    return replace(
        wiring,
        voltage=_voltage(wiring.voltage, by_channel),
        other_voltages=tuple(_voltage(each, by_channel) for each in wiring.other_voltages),
        currents=tuple(_current(each, by_channel) for each in wiring.currents),
    )


def _voltage(channel: Any, mine: Mapping[int, ChannelCalibration]) -> Any:
    return _with(channel, mine, _VOLTAGE_FIELDS, "noise_floor_v")


def _current(channel: Any, mine: Mapping[int, ChannelCalibration]) -> Any:
    return _with(channel, mine, _CURRENT_FIELDS, "noise_floor_a")


def _with(
    channel: Any, mine: Mapping[int, ChannelCalibration], names: tuple[str, ...], floor: str
) -> Any:
    entry = mine.get(channel.channel)
    if entry is None:
        return channel
    values = {name: getattr(entry, name) for name in names}
    if entry.noise_floor is not None:
        values[floor] = entry.noise_floor
    return replace(channel, **values)
