# SPDX-License-Identifier: Apache-2.0
"""A fan that the Linux kernel controls: pwmN, pwmN_enable, fanN_input and fanN_fault of hwmon.

pwmN is 0 to 255; pwmN_enable 1 leaves it to us, above that the kernel or the chip decides
(kernel: Documentation/ABI/testing/sysfs-class-hwmon).

Tried with a simulated folder only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pdu_agent.hw.hwmon import CLASS_FOLDER
from pdu_agent.hw.kernel_files import folder_of, read_integer, write_integer
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import HardwareError, ReadbackMismatch
from pdu_agent.model.settings import setting

_FULL = 255
_MANUAL = 1
_COARSEST_STEP = 16
"""Of pwmN: some chips know only so many speeds and show the nearest one."""


@dataclass(frozen=True, slots=True)
class HwmonFanSettings:
    """A fan by its chip's name: the kernel numbers hwmon folders anew at boot."""

    chip: str = setting(max_length=64, doc="what the file `name` says, such as pwmfan")
    pwm: int = setting(1, minimum=1, maximum=16, doc="N of pwmN")
    tacho: int = setting(1, minimum=0, maximum=16, doc="N of fanN_input; 0: it has none")
    path: str = setting(CLASS_FOLDER, max_length=4096, doc="folder of all chips")


class HwmonFan:
    """A Fan. Every duty is written anew with its mode: whoever loads the driver resets both."""

    def __init__(self, folder: Path, settings: HwmonFanSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._closed = False

    @classmethod
    def connect(cls, site: Site, settings: HwmonFanSettings) -> HwmonFan:
        return cls(Path(site.connections.path(settings.path)), settings)

    def set_duty(self, percent: float) -> None:
        """Raises ChipNotFound without the chip or its pwmN, ReadbackMismatch when it shows
        another duty, HardwareError when it refuses.
        """
        self._write(round(percent / 100 * _FULL))

    def read_rpm(self) -> float | None:
        """Raises HardwareError as `set_duty`, and when the kernel reports a fault."""
        number = self._settings.tacho
        if number == 0:
            return None
        chip = self._chip()
        fault = chip / f"fan{number}_fault"
        if fault.exists() and read_integer("hwmon fan", fault):
            raise HardwareError("hwmon fan", "read", f"{fault} tells of a fault")
        rpm = read_integer("hwmon fan", chip / f"fan{number}_input")
        if rpm < 0:
            raise HardwareError("hwmon fan", "read", f"{rpm} turns a minute cannot be")
        return float(rpm)

    def close(self) -> None:
        """Full speed, by hand. Raises HardwareError when that cannot be told."""
        if not self._closed:
            self._write(_FULL)
            self._closed = True

    def _write(self, duty: int) -> None:
        chip = self._chip()
        pwm = chip / f"pwm{self._settings.pwm}"
        mode = chip / f"pwm{self._settings.pwm}_enable"
        if mode.exists():
            write_integer("hwmon fan", mode, _MANUAL)
        write_integer("hwmon fan", pwm, duty)
        shown = read_integer("hwmon fan", pwm)
        if abs(shown - duty) > _COARSEST_STEP:
            raise ReadbackMismatch("hwmon fan", "set the duty", f"{pwm} shows {shown}, not {duty}")

    def _chip(self) -> Path:
        return folder_of("hwmon fan", self._folder, self._settings.chip)
