# SPDX-License-Identifier: Apache-2.0
"""The words that commands and snapshots share: actions, settings, quantities, limits, targets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What can be asked of an outlet. TOGGLE: off if it is on or will be, else on. PULSE: the
    other state for the outlet's pulse_s, and back.
    """

    ON = "on"
    OFF = "off"
    REBOOT = "reboot"
    ON_DELAYED = "delayed on"
    OFF_DELAYED = "delayed off"
    REBOOT_DELAYED = "delayed reboot"
    CANCEL = "cancel"
    TOGGLE = "toggle"
    PULSE = "pulse"


class Lock(Enum):
    """A locked outlet refuses switching by anyone; locking never moves a relay."""

    UNLOCKED = "unlocked"
    LOCKED_ON = "locked on"
    LOCKED_OFF = "locked off"


class PowerUp(Enum):
    """What an outlet does when the board's power returns."""

    ON = "on"
    OFF = "off"
    LAST = "last"


class OverloadRestriction(Enum):
    """When an outlet may not be switched on, by the current of what feeds it: its high warning
    (NEAR_OVERLOAD) or high critical (OVERLOAD) limit is passed.
    """

    NONE = "none"
    NEAR_OVERLOAD = "near overload"
    OVERLOAD = "overload"


class TemperatureScale(Enum):
    """In what MIBs show temperatures that leave the choice to the unit. The model is in Celsius."""

    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class TargetKind(Enum):
    """RESIDUAL is the residual current of the inlet with that number, a point of its own. UNIT 1
    is the whole unit: the sum of its inlets.
    """

    # A member is equal to itself only; Enum's own hash is written in Python and slow, and every
    # look for what is measured needs it.
    __hash__ = object.__hash__

    INLET = "inlet"
    LINE = "line"
    BRANCH = "branch"
    OUTLET = "outlet"
    SENSOR = "sensor"
    RESIDUAL = "residual"
    FAN = "fan"
    GROUP = "group"
    UNIT = "unit"
    UPS = "ups"


@dataclass(frozen=True, slots=True)
class Target:
    """Something that has values of its own: an inlet, line, branch, outlet, sensor, residual
    current, fan or UPS by its number.
    """

    kind: TargetKind
    index: int

    def __str__(self) -> str:
        return f"{self.kind.value} {self.index}"


class OutletSetting(Enum):
    """Settings of an outlet that a face may change. Values: str, or seconds as a number."""

    NAME = "name"
    NOTE = "note"
    ON_DELAY_S = "on_delay_s"
    OFF_DELAY_S = "off_delay_s"
    REBOOT_S = "reboot_s"
    MIN_ON_S = "min_on_s"
    MIN_OFF_S = "min_off_s"
    POWER_UP = "power_up"
    PULSE_S = "pulse_s"
    PRIORITY = "priority"
    BEFORE_ON = "before_on"
    AFTER_ON = "after_on"
    BEFORE_OFF = "before_off"
    AFTER_OFF = "after_off"


class InletSetting(Enum):
    NAME = "name"
    RATED_CURRENT_A = "rated_current_a"
    NOMINAL_VOLTAGE_V = "nominal_voltage_v"
    OVERLOAD_RESTRICTION = "overload_restriction"


class BranchSetting(Enum):
    NAME = "name"
    RATED_CURRENT_A = "rated_current_a"
    OVERLOAD_RESTRICTION = "overload_restriction"


class DeviceSetting(Enum):
    NAME = "name"
    CONTACT = "contact"
    LOCATION = "location"
    SEQUENCE_INTERVAL_S = "sequence_interval_s"
    COLD_START_DELAY_S = "cold_start_delay_s"
    ASSET_TAG = "asset_tag"
    TEMPERATURE_SCALE = "temperature_scale"


class SensorSetting(Enum):
    NAME = "name"


class GroupSetting(Enum):
    NAME = "name"


class CapSetting(Enum):
    """Settings of a cap. Values: numbers, in watts or amperes as the cap has it for LIMIT."""

    LIMIT = "limit"
    MARGIN = "margin"


class Quantity(Enum):
    """What a threshold watches, in SI units: V A W VA, 1, Hz, Wh of the user meter, Celsius, %,
    hPa.

    RESIDUAL_CURRENT (A), IMBALANCE of the lines' currents (%): of inlets. DEMAND (W): the
    sliding mean of the active power.
    """

    __hash__ = object.__hash__  # as of TargetKind

    VOLTAGE = "voltage"
    CURRENT = "current"
    ACTIVE_POWER = "active power"
    APPARENT_POWER = "apparent power"
    POWER_FACTOR = "power factor"
    FREQUENCY = "frequency"
    ENERGY = "energy"
    TEMPERATURE = "temperature"
    HUMIDITY = "humidity"
    RESIDUAL_CURRENT = "residual current"
    IMBALANCE = "imbalance"
    DEMAND = "demand"
    PRESSURE = "pressure"


class Limit(Enum):
    """The four limits of a threshold, from the lowest to the highest."""

    LOW_CRITICAL = "low critical"
    LOW_WARNING = "low warning"
    HIGH_WARNING = "high warning"
    HIGH_CRITICAL = "high critical"


class ThresholdSetting(Enum):
    """Settings of a threshold. Values: numbers in the quantity's unit, seconds for DELAY_S,
    and a frozenset of Limit for ENABLED.
    """

    LOW_CRITICAL = "low_critical"
    LOW_WARNING = "low_warning"
    HIGH_WARNING = "high_warning"
    HIGH_CRITICAL = "high_critical"
    HYSTERESIS = "hysteresis"
    DELAY_S = "delay_s"
    ENABLED = "enabled"


class NotificationClass(Enum):
    """Notifications that are switched on and off together. COMMAND: what was to be done and was
    not. AUTOMATION: what plans and rules did. PROTECTION: what was cut for too much current.
    """

    OUTLET = "outlet"
    COMMAND = "command"
    THRESHOLD = "threshold"
    SENSOR = "sensor"
    HARDWARE = "hardware"
    CONFIGURATION = "configuration"
    START = "start"
    AUTHENTICATION = "authentication"
    AUTOMATION = "automation"
    PROTECTION = "protection"
    UPS = "ups"


class Reset(Enum):
    """What of a meter starts anew. PEAK: all peaks; PEAK_POWER: of demand too;
    ALL: the peaks and the user meter.
    """

    ENERGY = "energy"
    PEAK = "peak"
    PEAK_POWER = "peak power"
    PEAK_CURRENT = "peak current"
    ALL = "all"
