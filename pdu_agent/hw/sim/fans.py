# SPDX-License-Identifier: Apache-2.0
"""Simulated fans: one in a folder as the kernel's hwmon shows it, one behind an EMC2101."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.hw.sim.files import put


@dataclass(slots=True)
class SimMotor:
    """full_rpm: at full speed. blocked: something is in the blades. free_share: below it, the
    motor does not turn.
    """

    full_rpm: float = 3000.0
    blocked: bool = False
    free_share: float = 0.1

    def rpm(self, share: float) -> float:
        """share: 0 to 1 of full power."""
        return 0.0 if self.blocked or share < self.free_share else self.full_rpm * share


class SimHwmonFan:
    """folder: stands for /sys/class/hwmon. `refresh` lets the files follow.

    Automatic when found, as after loading the kernel's driver. refuses: the chip ignores what is
    written to pwm1.
    """

    def __init__(self, folder: Path, motor: SimMotor, name: str = "pwmfan") -> None:
        self.motor = motor
        self.refuses = False
        self.fault = False
        self._folder = folder
        self._name = name
        self._number = 0
        self.plug()

    @property
    def chip(self) -> Path:
        return self._folder / f"hwmon{self._number}"

    def plug(self) -> None:
        """It gets another number than last time."""
        if self.chip.exists():
            return
        self._number += 1
        self.chip.mkdir(parents=True)
        for file, text in {"name": self._name, "pwm1": "77", "pwm1_enable": "2"}.items():
            (self.chip / file).write_text(f"{text}\n", encoding="ascii")
        self.refresh()

    def unplug(self) -> None:
        shutil.rmtree(self.chip, ignore_errors=True)

    def refresh(self) -> None:
        if self.refuses:
            (self.chip / "pwm1").unlink(missing_ok=True)
            (self.chip / "pwm1").symlink_to("/dev/null")
        elif (self.chip / "pwm1").is_symlink():
            (self.chip / "pwm1").unlink()
            (self.chip / "pwm1").write_text("0\n", encoding="ascii")
        rpm = self.motor.rpm(self.share)
        put(self.chip / "fan1_input", f"{rpm:.0f}\n")
        put(self.chip / "fan1_fault", f"{self.fault:d}\n")

    @property
    def share(self) -> float:
        """Of full power, as the chip drives the motor."""
        text = (self.chip / "pwm1").read_text(encoding="ascii")
        return int(text.split()[0]) / 255 if text.strip() else 0.0


class SimEmc2101:
    """A chip with registers. dead: every byte that it gives is this one; frozen: it takes no
    write. low_is_full: the motor's driver stage turns its output round.
    """

    def __init__(self, motor: SimMotor, *, low_is_full: bool = False) -> None:
        self.motor = motor
        self._low_is_full = low_is_full
        self.dead: int | None = None
        self.frozen = False
        self.power_on()

    def power_on(self) -> None:
        """As after a loss of power: its own table rules, at standstill."""
        self._memory = bytearray(256)
        self._memory[0x4D] = 0x17
        self._memory[0xFD:0x100] = b"\x16\x5d\x01"

    def read(self, register: int, length: int) -> bytes:
        if self.dead is not None:
            return bytes([self.dead]) * length
        self._count_turns()
        return bytes(self._memory[register : register + length])

    def write(self, register: int, data: bytes) -> None:
        writable = not self.frozen and register not in (0x46, 0x47, 0xFD, 0xFE, 0xFF)
        if writable and not (register == 0x4C and not self._memory[0x4A] & 0x20):
            self._memory[register] = data[0]

    @property
    def share(self) -> float:
        """Of full power. The output is high for the setting over twice the PWM period, or low
        for as long if inverted.
        """
        steps = 2 * max(1, self._memory[0x4D])
        told = min(1.0, self._memory[0x4C] / steps)
        output_is_low = bool(self._memory[0x4A] & 0x10)
        return told if output_is_low is self._low_is_full else 1 - told

    def _count_turns(self) -> None:
        rpm = self.motor.rpm(self.share)
        is_wired = self._memory[0x03] & 0x04
        count = min(0xFFFF, round(5_400_000 / rpm)) if rpm and is_wired else 0xFFFF
        self._memory[0x47], self._memory[0x46] = divmod(count, 256)
