# SPDX-License-Identifier: Apache-2.0
"""A whole simulated power strip: relays on I2C, converters on SPI, loads on the mains.

Relay registers live in files of the runtime folder: with the folder intact the board kept
its power while the agent restarted, with it emptied the board lost power too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.loads import OWN_USE, Load, LoadBank, Truth, default_loads
from pdu_agent.hw.sim.mcp23008 import Register, SimMcp23008
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.hw.sim.waveform import Mains
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind

RELAYS_PER_CHIP = 8
FIRST_ADDRESS = 0x20
MAX_OUTLETS = 64
CURRENTS_PER_CONVERTER = 7

CT_RATIO = 1000.0
BURDEN_OHM = 50.0
VOLTAGE_DIVIDER = 200.0  # 330 V peak gives 1.65 V; the comparators trip above 2.25 V

_OSCILLATOR_PPM = 20.0  # a crystal; the chip's internal oscillator would be off by 0.5 %
_OFFSET_V = 0.0003


@dataclass(frozen=True, slots=True)
class ConverterPlan:
    """The wiring of one converter: voltage on channel 0, currents[n] on channel n + 1.

    Amperes = volts at the input * ct_ratio / burden_ohm; mains volts = volts * divider.
    """

    currents: tuple[Target, ...]
    ct_ratio: float = CT_RATIO
    burden_ohm: float = BURDEN_OHM
    divider: float = VOLTAGE_DIVIDER

    @property
    def used_channels(self) -> int:
        return 1 + len(self.currents)


def converter_plans(outlet_count: int) -> tuple[ConverterPlan, ...]:
    """The inlet's current first, then the outlets', seven to a converter.

    Each converter has the mains voltage too, so that power never spans two oscillators.
    """
    targets = [
        Target(TargetKind.INLET, 1),
        *(Target(TargetKind.OUTLET, number) for number in range(1, outlet_count + 1)),
    ]
    return tuple(
        ConverterPlan(tuple(targets[first : first + CURRENTS_PER_CONVERTER]))
        for first in range(0, len(targets), CURRENTS_PER_CONVERTER)
    )


class SimulatedBoard:
    """outlet_count: 1..64. sleep(seconds) lets simulated time pass.

    runtime_dir: an existing folder for the relay chips' registers.
    already_running: relay chips without a register file come up as in a unit at work, every
    relay closed, instead of as after power-on.
    relay_log: gets a line "epoch outlet value" for each relay that moves after start.
    loads: outlet -> Load; by default a plausible set. queue_s: see SimSpiPort.

    Use from several threads is safe as long as each bus has one.
    """

    def __init__(
        self,
        outlet_count: int,
        clock: Clock,
        sleep: Callable[[float], None],
        runtime_dir: Path,
        *,
        seed: int = 1,
        mains_v: float = 230.0,
        mains_hz: float = 50.0,
        relay_log: Path | None = None,
        already_running: bool = False,
        mains: Mains | None = None,
        loads: Mapping[int, Load] | None = None,
        noise_lsb: float = 0.7,
        queue_s: float = 0.0,
    ) -> None:
        if not 1 <= outlet_count <= MAX_OUTLETS:
            raise ValueError(f"{outlet_count} outlets, expected 1..{MAX_OUTLETS}")
        self.outlet_count = outlet_count
        self.plans = converter_plans(outlet_count)
        self.mains = mains or Mains(mains_v, mains_hz, seed=seed)
        self.loads = LoadBank(self.mains, loads or default_loads(outlet_count, seed), OWN_USE)
        self._clock = clock
        self._closed = [False] * (outlet_count + 1)
        self._started = False
        self._log: TextIO | None = None
        if relay_log is not None:
            self._log = relay_log.open("a", buffering=1, encoding="ascii")
        self.relay_chips = self._make_relay_chips(runtime_dir, already_running)
        self._smbus = SimI2cBus(dict(enumerate(self.relay_chips, FIRST_ADDRESS)))
        rng = np.random.default_rng(seed)
        self.converters = tuple(
            SimAds130e08(
                _Inputs(self.mains, self.loads, plan, rng),
                ppm=float(rng.uniform(-_OSCILLATOR_PPM, _OSCILLATOR_PPM)),
                noise_lsb=noise_lsb,
                seed=seed + 1 + number,
            )
            for number, plan in enumerate(self.plans)
        )
        # One bus for each converter: data-ready of a chip is cleared by any clock on its
        # bus, and a message of 60 ms would keep a second chip waiting through 500 frames.
        self._ports = tuple(
            SimSpiPort(converter, clock, sleep, queue_s=queue_s) for converter in self.converters
        )
        self._started = True

    def smbus(self) -> SimI2cBus:
        """The bus with the relay chips at 0x20 and up; chip n has outlets 8n+1 to 8n+8."""
        return self._smbus

    def spi(self, number: int) -> SimSpiPort:
        """The bus of converter `number`, 0..len(plans) - 1; each wants its own thread."""
        return self._ports[number]

    def relay_closed(self, outlet: int) -> bool:
        """Where the contact is."""
        return self._closed[outlet]

    def truth(self, target: Target, t_s: float | None = None) -> Truth:
        """What a perfect meter shows for the target at t_s, by default now."""
        t_s = self._clock.monotonic_s() if t_s is None else t_s
        if target.kind is TargetKind.INLET:
            return self.loads.inlet_truth(t_s)
        return self.loads.outlet_truth(target.index, t_s)

    def power_loss(self) -> None:
        """The logic supply fails and returns: all chips at their power-on defaults."""
        for chip in self.relay_chips:
            chip.power_loss()
        for converter in self.converters:
            converter.reset()

    def close(self) -> None:
        if self._log is not None:
            self._log.close()

    def _make_relay_chips(
        self, runtime_dir: Path, already_running: bool
    ) -> tuple[SimMcp23008, ...]:
        chips: list[SimMcp23008] = []
        for first in range(1, self.outlet_count + 1, RELAYS_PER_CHIP):
            file = runtime_dir / f"mcp23008-{FIRST_ADDRESS + len(chips):02x}.registers"
            is_new = not file.exists()
            chip = SimMcp23008(file, _Contacts(first, self._move))
            if already_running and is_new:
                count = min(RELAYS_PER_CHIP, self.outlet_count + 1 - first)
                pins = (1 << count) - 1
                chip.write(Register.OLAT, bytes([pins]))
                chip.write(Register.IODIR, bytes([0xFF & ~pins]))
            chips.append(chip)
        return tuple(chips)

    def _move(self, outlet: int, closed: bool) -> None:
        """A relay's coil changed; called for relays that did not move, too."""
        if outlet > self.outlet_count or self._closed[outlet] == closed:
            return
        self._closed[outlet] = closed
        # A contact found closed at start has been so: its load is past the inrush.
        self.loads.set_relay(
            outlet, closed, self._clock.monotonic_s() if self._started else -math.inf
        )
        if self._started and self._log is not None:
            self._log.write(f"{self._clock.wall_s():.6f} {outlet} {int(closed)}\n")


class _Contacts:
    """The eight relays of one expander: active high, closed when driven and high."""

    def __init__(self, first_outlet: int, move: Callable[[int, bool], None]) -> None:
        self._first_outlet = first_outlet
        self._move = move

    def __call__(self, driven: int, levels: int) -> None:
        for relay in range(RELAYS_PER_CHIP):
            self._move(self._first_outlet + relay, bool((driven & levels) >> relay & 1))


class _Inputs:
    """The volts at the pins of one converter."""

    def __init__(
        self, mains: Mains, loads: LoadBank, plan: ConverterPlan, rng: np.random.Generator
    ) -> None:
        self._mains = mains
        self._loads = loads
        self._inlet = any(target.kind is TargetKind.INLET for target in plan.currents)
        self._outlets = [
            target.index for target in plan.currents if target.kind is TargetKind.OUTLET
        ]
        self._volts_per_ampere = np.float32(plan.burden_ohm / plan.ct_ratio)
        self._divider = np.float32(plan.divider)
        offsets_v = rng.normal(0.0, _OFFSET_V, plan.used_channels)
        self._offsets_v = offsets_v.astype(np.float32)[:, None]

    def __call__(self, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        basis = self._mains.basis(times_s)
        volts = np.empty((len(self._offsets_v), len(times_s)), np.float32)
        volts[0] = self._mains.voltage(times_s, basis) / self._divider
        volts[1:] = self._loads.currents(times_s, basis, self._outlets, inlet=self._inlet)
        volts[1:] *= self._volts_per_ampere
        volts += self._offsets_v
        return volts
