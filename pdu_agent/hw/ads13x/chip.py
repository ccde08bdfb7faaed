# SPDX-License-Identifier: Apache-2.0
"""The converter on its SPI wires: reset, identity, registers, start; no samples.

Order and waits: TI SBAS705B, "Power-Up Sequencing" and "Setting the Device for Basic Data
Capture".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from pdu_agent.hw.ads13x import parts
from pdu_agent.hw.ads13x.parts import Command, Input, Register
from pdu_agent.hw.ads13x.settings import SetUp
from pdu_agent.hw.spi import SpiPort
from pdu_agent.model.errors import ChipNotFound, HardwareError, ReadbackMismatch

log = logging.getLogger(__name__)

CHECKED = (Register.CONFIG1, Register.CONFIG2, Register.CONFIG3)
"""What tells a reset: with the settings of the reset state no chip is ever run."""


@dataclass(frozen=True, slots=True)
class Identity:
    """channels: in a frame. faults: 0-based channel -> why its codes mean nothing."""

    channels: int
    faults: dict[int, str] = field(default_factory=dict)


class Chip:
    """One chip; every method raises HardwareError when it does not do as told."""

    def __init__(
        self, port: SpiPort, set_up: SetUp, name: str, sleep: Callable[[float], None]
    ) -> None:
        self._port = port
        self._set_up = set_up
        self._name = name
        self._sleep = sleep
        self._channels = parts.CHANNELS
        self._written = b""

    def command(self, command: Command) -> None:
        self._port.transfer(bytes([command]))

    def reset(self) -> None:
        """Back to the reset state, ready for register commands."""
        self.command(Command.RESET)
        self._sleep(parts.RESET_S)
        # Until then the chip is in RDATAC, where it ignores register commands.
        self.command(Command.SDATAC)

    def identify(self) -> Identity:
        """Raises ChipNotFound when nothing answers. An unknown one is taken as configured."""
        found = self._read(Register.ID, 1)[0]
        if found in (0x00, 0xFF):
            raise ChipNotFound(self._name, "read ID", f"0x{found:02X}: no supply, or a broken wire")
        identity = self._judged(found)
        self._channels = identity.channels
        return identity

    def _judged(self, found: int) -> Identity:
        channels = parts.channels_of(found)
        if found == parts.ID_HALF_DEAD:
            log.error("%s: ID 0x%02X: channels 5 to 8 are dead", self._name, found)
            why = f"ID 0x{found:02X}: this half of the chip is dead"
            return Identity(parts.CHANNELS, dict.fromkeys(range(4, parts.CHANNELS), why))
        if channels is None:
            log.warning("%s: unknown ID 0x%02X, taken as configured", self._name, found)
            return Identity(parts.CHANNELS)
        if channels < self._set_up.used_channels:
            log.error("%s: ID 0x%02X: the part has %d channels only", self._name, found, channels)
        why = f"ID 0x{found:02X}: the part has {channels} channels"
        return Identity(channels, dict.fromkeys(range(channels, parts.CHANNELS), why))

    def switch_reference_on(self) -> None:
        """First of all, because it settles slowly."""
        self._port.transfer(parts.write_registers(Register.CONFIG3, bytes([self._config3])))
        self._sleep(parts.REFERENCE_SETTLE_S)

    def configure(self, connected: Input = Input.NORMAL) -> None:
        """Write every register and verify. connected: what the used channels measure.

        Raises ReadbackMismatch when a register does not keep its value.
        """
        wanted = self._registers(connected)
        self._port.transfer(parts.write_registers(Register.CONFIG1, wanted))
        found = self._read(Register.CONFIG1, len(wanted))
        self._written = wanted
        for address, (want, have) in enumerate(zip(wanted, found, strict=True), Register.CONFIG1):
            if not _same(address, want, have):
                raise ReadbackMismatch(
                    self._name,
                    f"write register 0x{address:02X}",
                    f"wrote 0x{want:02X}, reads 0x{have:02X}",
                )

    def _registers(self, connected: Input) -> bytes:
        """CONFIG1 to the last channel's CHnSET."""
        part = self._set_up.part
        test = parts.CONFIG2_TEST_SIGNAL if connected is Input.TEST_SIGNAL else 0
        channel = part.gains[self._set_up.gain] << 4 | connected
        used = min(self._set_up.used_channels, self._channels)
        return bytes(
            [
                part.config1 | self._set_up.rate.code,
                part.config2 | test,
                self._config3,
                0,
                *[channel] * used,
                *[parts.CHANNEL_OFF] * (self._channels - used),
            ]
        )

    @property
    def _config3(self) -> int:
        is_4v = self._set_up.reference_v > 3
        return parts.CONFIG3_REFERENCE_ON | (parts.CONFIG3_REFERENCE_4V if is_4v else 0)

    def start(self, *, calibrate_offset: bool = False) -> None:
        """Convert; returns when the first settled frame is there."""
        if calibrate_offset:
            self.command(Command.OFFSETCAL)
        self.command(Command.START)
        wait_s = parts.OFFSET_CALIBRATION_S if calibrate_offset else 0.0
        self._sleep(wait_s + self._set_up.rate.settling_s)

    def verify(self) -> None:
        """Raises HardwareError when the chip lost its set-up, or nobody drives the data line."""
        found = self._read(CHECKED[0], len(CHECKED))
        for register, want, have in zip(CHECKED, self._written, found, strict=False):
            if not _same(register, want, have):
                detail = f"{register.name} reads 0x{have:02X}, was set to 0x{want:02X}"
                raise HardwareError(self._name, "check registers", f"{_why_lost(found)} ({detail})")

    def _read(self, first: int, count: int) -> bytes:
        return self._port.transfer(parts.read_registers(first, count))[2:]


def _why_lost(found: bytes) -> str:
    stuck = {0x00: "data line stuck low", 0xFF: "data line stuck high"}
    if len(set(found)) == 1 and found[0] in stuck:
        return stuck[found[0]]
    return "the chip was reset"


def _same(address: int, wanted: int, found: int) -> bool:
    """Whether a register kept its value; bit 0 of CONFIG3 may read as 1."""
    mask = 0xFE if address == Register.CONFIG3 else 0xFF
    return not (wanted ^ found) & mask
