# SPDX-License-Identifier: Apache-2.0
"""How an INA219, INA226 and INA3221 are set up, and what their registers say. No I/O of its own.

Registers hold 16 bits, high byte first. Sources: TI data sheets SBOS448 (INA219), SBOS547
(INA226) and SBOS576 (INA3221).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pdu_agent.model.errors import ConfigError
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.settings import setting

CONFIGURATION, SHUNT, BUS, POWER, CURRENT, CALIBRATION = range(6)
MASK_ENABLE = 0x06
MANUFACTURER, DIE = 0xFE, 0xFF
TEXAS_INSTRUMENTS = 0x5449
INA226_DIE, INA3221_DIE = 0x2260, 0x3220

# The power-on set-up with more averaging: fewer of the load's ripples pass between two polls.
INA219_SETUP = 0x3FFF  # 32 V, +-320 mV, 128 samples of each (68 ms); reset value 0x399F
INA226_SETUP = 0x4927  # 128 samples of 1.1 ms of each; reset value 0x4127
INA3221_SETUP = 0x7727  # three channels, 64 samples of 1.1 ms of each; reset value 0x7127

# These flags tell of the chip's arithmetic only, not of a shunt beyond its range.
INA219_OVERFLOW = 0x0001  # in the bus voltage register
INA226_OVERFLOW = 0x0004  # in the mask/enable register
INA219_FULL_SHUNT = 32_000  # the highest code of +-320 mV
INA226_FULL_SHUNT = 0x7FFF
INA3221_FULL_SHUNT = 4095  # after its three unused bits

INA219_CALIBRATION_V = 0.04096
INA226_CALIBRATION_V = 0.00512
_CALIBRATION_MASKS = {"ina219": 0xFFFE, "ina226": 0x7FFF}
"""The bits that a chip keeps; the others read 0."""
_CURRENT_CODES = 1 << 15

ReadRegister = Callable[[int], int]


class Impossible(Exception):
    """A register says what the chip cannot."""


class Chip(Protocol):
    """name: the driver's. channel_names: what it measures. setup: register -> content, in the
    order in which they are written; they read back the same unless the chip lost its supply.
    settle_s: how long the first conversion with them takes. identity: register -> content that
    only this chip has.
    """

    name: str
    channel_names: tuple[str, ...]
    setup: dict[int, int]
    settle_s: float
    identity: dict[int, int]

    def read(self, register: ReadRegister) -> tuple[Electrical, ...]:
        """What each channel shows. register(number) gives 0 to 65535.

        Raises Impossible.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ina219Settings:
    """One chip, 0 to 26 V."""

    direct_voltage: ClassVar[bool] = True
    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    address: int = setting(0x40, minimum=0x40, maximum=0x4F)
    shunt_ohm: float = setting(0.1, minimum=0.0001, maximum=10, doc="the resistor on the board")
    max_current_a: float = setting(
        3.2, minimum=0.001, maximum=1000, doc="sets the resolution: 1/32768 of it"
    )
    interval_s: float = setting(1.0, minimum=0.1, maximum=60, doc="how often it is read")

    def __post_init__(self) -> None:
        _calibration("ina219", INA219_CALIBRATION_V, self.max_current_a, self.shunt_ohm)


@dataclass(frozen=True, slots=True)
class Ina226Settings:
    """One chip, 0 to 36 V."""

    direct_voltage: ClassVar[bool] = True
    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    address: int = setting(0x40, minimum=0x40, maximum=0x4F)
    shunt_ohm: float = setting(0.1, minimum=0.0001, maximum=10, doc="the resistor on the board")
    max_current_a: float = setting(
        0.8, minimum=0.001, maximum=1000, doc="sets the resolution: 1/32768 of it"
    )
    interval_s: float = setting(1.0, minimum=0.1, maximum=60, doc="how often it is read")

    def __post_init__(self) -> None:
        _calibration("ina226", INA226_CALIBRATION_V, self.max_current_a, self.shunt_ohm)


@dataclass(frozen=True, slots=True)
class Ina3221Settings:
    """One chip with three channels, 0 to 26 V; a shunt for each."""

    direct_voltage: ClassVar[bool] = True
    bus: str = setting(max_length=255, doc="/dev/i2c-N")
    address: int = setting(0x40, minimum=0x40, maximum=0x43)
    ch1_shunt_ohm: float = setting(0.1, minimum=0.0001, maximum=10, doc="of channel 1")
    ch2_shunt_ohm: float = setting(0.1, minimum=0.0001, maximum=10, doc="of channel 2")
    ch3_shunt_ohm: float = setting(0.1, minimum=0.0001, maximum=10, doc="of channel 3")
    interval_s: float = setting(1.0, minimum=0.1, maximum=60, doc="how often it is read")


class Ina219:
    """The chip computes current and power from its calibration register."""

    name = "ina219"
    channel_names: tuple[str, ...] = ("dc",)
    settle_s = 0.14

    def __init__(self, settings: Ina219Settings) -> None:
        calibration = _calibration(
            self.name, INA219_CALIBRATION_V, settings.max_current_a, settings.shunt_ohm
        )
        self.setup = {CONFIGURATION: INA219_SETUP, CALIBRATION: calibration}
        self.identity: dict[int, int] = {}
        self._shunt_ohm = settings.shunt_ohm
        # The register was rounded down; what the chip then computes with is this.
        self._ampere_lsb = INA219_CALIBRATION_V / (calibration * settings.shunt_ohm)

    def read(self, register: ReadRegister) -> tuple[Electrical, ...]:
        bus = register(BUS)
        voltage_v = (bus >> 3) * 0.004
        if voltage_v > 32.0:
            raise Impossible(f"{voltage_v:.2f} V on the bus, more than the chip can measure")
        shunt = signed(register(SHUNT))
        if bus & INA219_OVERFLOW or abs(shunt) >= INA219_FULL_SHUNT:
            return (_clipped(voltage_v, shunt * 10e-6 / self._shunt_ohm),)
        current_a = signed(register(CURRENT)) * self._ampere_lsb
        return (_loaded(voltage_v, current_a, register(POWER) * 20 * self._ampere_lsb),)


class Ina226:
    """As the INA219, finer, and it says who it is."""

    name = "ina226"
    channel_names: tuple[str, ...] = ("dc",)
    settle_s = 0.31

    def __init__(self, settings: Ina226Settings) -> None:
        calibration = _calibration(
            self.name, INA226_CALIBRATION_V, settings.max_current_a, settings.shunt_ohm
        )
        self.setup = {CONFIGURATION: INA226_SETUP, CALIBRATION: calibration}
        self.identity = {MANUFACTURER: TEXAS_INSTRUMENTS, DIE: INA226_DIE}
        self._shunt_ohm = settings.shunt_ohm
        self._ampere_lsb = INA226_CALIBRATION_V / (calibration * settings.shunt_ohm)

    def read(self, register: ReadRegister) -> tuple[Electrical, ...]:
        bus = register(BUS)
        if bus >= 0x8000:
            raise Impossible("a bus voltage below 0")
        voltage_v = bus * 0.00125
        shunt = signed(register(SHUNT))
        if register(MASK_ENABLE) & INA226_OVERFLOW or abs(shunt) >= INA226_FULL_SHUNT:
            return (_clipped(voltage_v, shunt * 2.5e-6 / self._shunt_ohm),)
        current_a = signed(register(CURRENT)) * self._ampere_lsb
        return (_loaded(voltage_v, current_a, register(POWER) * 25 * self._ampere_lsb),)


class Ina3221:
    """Voltages only; the arithmetic is ours. Channel n: shunt in register 2n-1, bus in 2n."""

    name = "ina3221"
    channel_names: tuple[str, ...] = ("ch1", "ch2", "ch3")
    settle_s = 0.47

    def __init__(self, settings: Ina3221Settings) -> None:
        self.setup = {CONFIGURATION: INA3221_SETUP}
        self.identity = {MANUFACTURER: TEXAS_INSTRUMENTS, DIE: INA3221_DIE}
        self._shunts_ohm = (settings.ch1_shunt_ohm, settings.ch2_shunt_ohm, settings.ch3_shunt_ohm)

    def read(self, register: ReadRegister) -> tuple[Electrical, ...]:
        return tuple(
            self._channel(register(2 * number - 1), register(2 * number), shunt_ohm)
            for number, shunt_ohm in enumerate(self._shunts_ohm, 1)
        )

    def _channel(self, shunt: int, bus: int, shunt_ohm: float) -> Electrical:
        if bus >= 0x8000:
            raise Impossible("a bus voltage below 0")
        voltage_v = (bus >> 3) * 0.008
        code = signed(shunt) >> 3
        current_a = code * 40e-6 / shunt_ohm
        if abs(code) >= INA3221_FULL_SHUNT:
            return _clipped(voltage_v, current_a)
        return _loaded(voltage_v, current_a, voltage_v * abs(current_a))


def signed(word: int) -> int:
    """Two's complement of 16 bits."""
    return word - 0x10000 if word & 0x8000 else word


def _calibration(name: str, factor_v: float, max_current_a: float, shunt_ohm: float) -> int:
    """The calibration register. Raises ConfigError where the shunt does not fit the current."""
    value = int(factor_v / (max_current_a / _CURRENT_CODES * shunt_ohm))
    most = _CALIBRATION_MASKS[name]
    if not 2 <= value <= most:
        raise ConfigError(
            f"{name}: max_current_a {max_current_a:g} with shunt_ohm {shunt_ohm:g} makes a"
            f" calibration of {value}, expected 2 to {most}"
        )
    return value & most


def _loaded(voltage_v: float, current_a: float, magnitude_w: float) -> Electrical:
    power_w = -magnitude_w if current_a < 0 else magnitude_w
    return Electrical(
        voltage_v=voltage_v, current_a=current_a, active_power_w=power_w, quality=Quality.OK
    )


def _clipped(voltage_v: float, current_a: float) -> Electrical:
    return Electrical(
        voltage_v=voltage_v,
        current_a=current_a,
        active_power_w=voltage_v * current_a,
        quality=Quality.CLIPPED,
    )
