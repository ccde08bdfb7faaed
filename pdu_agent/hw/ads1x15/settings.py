# SPDX-License-Identifier: Apache-2.0
"""What is wired to an ADS1015 or ADS1115, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pdu_agent.hw.ads1x15.chips import INPUTS
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

VOLTAGE = "voltage"
"""The channel of the mains voltage by itself."""


class RangeV(Enum):
    """Volts at either end of the codes."""

    R6_144 = 6.144
    R4_096 = 4.096
    R2_048 = 2.048
    R1_024 = 1.024
    R0_512 = 0.512
    R0_256 = 0.256


class Rate1115(Enum):
    R475 = 475
    R860 = 860


class Rate1015(Enum):
    R920 = 920
    R1600 = 1600
    R2400 = 2400
    R3300 = 3300


@dataclass(frozen=True, slots=True)
class CurrentInput:
    """A current transformer: A = V at the pins x ct_ratio / burden_ohm x gain, RMS."""

    name: str = setting(max_length=32, doc="the channel's name in `channels`")
    pins: str = setting(choices=tuple(INPUTS), doc="0 1 2 3, or of a difference 0-1 0-3 1-3 2-3")
    range_v: RangeV = setting(
        RangeV.R2_048, doc="volts at full scale: 6.144 4.096 2.048 1.024 0.512 0.256"
    )
    ct_ratio: float = setting(1000.0, minimum=1, maximum=10_000, doc="turns, 1000 for 1000:1")
    burden_ohm: float = setting(50.0, minimum=0.001, maximum=10_000)
    gain: float = setting(1.0, minimum=0.5, maximum=2, doc="trim found by comparing")
    noise_floor_a: float = setting(0.0, minimum=0, maximum=10, doc="RMS amperes when idle")
    cutoff_a: float = setting(0.02, minimum=0, maximum=10, doc="at or below: shown as no load")


@dataclass(frozen=True, slots=True)
class VoltageInput:
    """The mains voltage. divider: volts at the mains per volt at the pins."""

    pins: str = setting(choices=tuple(INPUTS), doc="as of a current")
    divider: float = setting(minimum=1, maximum=10_000)
    range_v: RangeV = setting(RangeV.R2_048, doc="as of a current")
    gain: float = setting(1.0, minimum=0.5, maximum=2, doc="trim found by comparing")


@dataclass(frozen=True, slots=True)
class Ads1x15Settings:
    """Raises ConfigError where nothing or something twice is wired, or a round does not fit.

    The inputs are converted one after the other, so the phase between voltage and current is
    not known: there is no active power and no energy, but by assumed_power_factor. That is an
    estimate, of watts as of what is counted: off by as much as the loads differ from it, and
    blind to what happens while the other inputs have their turn.
    """

    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    address: int = setting(0x48, minimum=0x48, maximum=0x4B, doc="of the chip")
    currents: tuple[CurrentInput, ...] = setting((), max_length=4)
    voltage: VoltageInput | None = setting(None)
    mains_hz: float = setting(50.0, minimum=45, maximum=65, doc="nominal frequency of the mains")
    cycles: int = setting(10, minimum=4, maximum=20, doc="mains cycles of one measurement")
    interval_s: float = setting(2.0, minimum=1, maximum=60, doc="how often all are measured")
    assumed_power_factor: float | None = setting(
        None, minimum=0.01, maximum=1, doc="for watts and energy by estimate; empty: none"
    )

    def __post_init__(self) -> None:
        names = self.channel_names
        if not names:
            raise ConfigError("neither currents nor voltage; expected at least one of them")
        if len(set(names)) < len(names):
            raise ConfigError(
                f"currents: two channels have one name; expected different ones, none {VOLTAGE!r}"
            )
        pins = [wired.pins for wired in self.inputs]
        if len(set(pins)) < len(pins):
            raise ConfigError("pins: one input has two uses; expected one")
        if self.assumed_power_factor is not None and self.voltage is None:
            raise ConfigError("assumed_power_factor: means nothing without `voltage`")
        if self.round_s > self.interval_s:
            raise ConfigError(
                f"interval_s: {len(pins)} inputs take {self.round_s:.1f} s;"
                f" expected at least that, or fewer cycles than {self.cycles}"
            )

    @property
    def channel_names(self) -> tuple[str, ...]:
        own = (VOLTAGE,) if self.voltage is not None else ()
        return (*(current.name for current in self.currents), *own)

    @property
    def inputs(self) -> tuple[CurrentInput | VoltageInput, ...]:
        """In the order of measuring."""
        return tuple(self._inputs())

    def _inputs(self) -> Iterator[CurrentInput | VoltageInput]:
        yield from self.currents
        if self.voltage is not None:
            yield self.voltage

    @property
    def window_s(self) -> float:
        return self.cycles / self.mains_hz

    @property
    def round_s(self) -> float:
        """All inputs once, without what a busy bus adds."""
        return len(self.inputs) * self.window_s


@dataclass(frozen=True, slots=True)
class Ads1115Settings(Ads1x15Settings):
    """16 bits."""

    rate_sps: Rate1115 = setting(Rate1115.R860, doc="of a conversion: 475 860")


@dataclass(frozen=True, slots=True)
class Ads1015Settings(Ads1x15Settings):
    """12 bits."""

    rate_sps: Rate1015 = setting(Rate1015.R3300, doc="of a conversion: 920 1600 2400 3300")
