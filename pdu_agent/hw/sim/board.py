# SPDX-License-Identifier: Apache-2.0
"""The simulated hardware: every device at a place called sim, on one mains with its loads.

Relay registers live in files of the runtime folder: with the folder intact the board kept
its power while the agent restarted, with it emptied the board lost power too.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pdu_agent.hw.gpio import GpioChip
from pdu_agent.hw.sim.catalogue import attach
from pdu_agent.hw.sim.contacts import Contacts
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.loads import Load, default_loads
from pdu_agent.hw.sim.machines import FOLDER, Machine
from pdu_agent.hw.sim.script import Player, Script
from pdu_agent.hw.sim.spi import SimSpiPort
from pdu_agent.hw.sim.surroundings import Surroundings
from pdu_agent.hw.sim.ups import SimulatedUps
from pdu_agent.hw.sim.upsd import SimulatedUpsd
from pdu_agent.hw.sim.waveform import Mains
from pdu_agent.hw.sim.world import Layout, Truth, World
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import ConfigError

REFRESH_S = 1.0
LISTENING_S = 0.1
"""So soon, in real time, a machine hears that it is told to shut down."""
T = TypeVar("T")


class SimulatedBoard:
    """layout: what hangs where on the mains. relays: board and relay -> outlet.

    entries: the devices. sleep(seconds) lets simulated time pass.
    runtime_dir: an existing folder for the registers of relay boards, and for files.
    already_running: relay boards without a register file come up as in a unit at work, every
    relay closed, instead of as after power-on.
    upses: of a simulated NUT server, and which inlets each feeds.
    relay_log: see Contacts. loads: outlet -> Load; by default a plausible set. noise_lsb: of
    converters, in codes. queue_s: see SimSpiPort. speed: simulated seconds per second.

    Use from several threads is safe as long as each bus has one. Raises ConfigError for an
    entry whose driver has no simulator, and for two of the same name.
    """

    def __init__(
        self,
        layout: Layout,
        relays: Mapping[tuple[str, int], int],
        entries: Sequence[Entry],
        clock: Clock,
        sleep: Callable[[float], None],
        runtime_dir: Path,
        *,
        seed: int = 1,
        mains: Mains | None = None,
        upses: Mapping[str, Sequence[int]] | None = None,
        loads: Mapping[int, Load] | None = None,
        relay_log: Path | None = None,
        already_running: bool = False,
        noise_lsb: float = 0.7,
        queue_s: float = 0.0,
        speed: float = 1.0,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.runtime_dir = runtime_dir
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.already_running = already_running
        self.noise_lsb = noise_lsb
        self.queue_s = queue_s
        self._speed = speed
        self._script: Script | None = None
        self.mains = mains or Mains(seed=seed)
        if loads is None:
            loads = default_loads(max(layout.outlets, default=0), seed)
        self.world = World(layout, self.mains, loads)
        self.contacts = Contacts(self.world, clock, relays, relay_log)
        self.surroundings = Surroundings(clock)
        self.buses: dict[str, SimI2cBus] = {}
        self.ports: dict[str, SimSpiPort] = {}
        self.gpio_chips: dict[str, GpioChip] = {}
        self.shared: dict[tuple[str, Hashable], Any] = {}
        """What several devices have in common, such as a chip with two sensors in it."""
        self.devices: dict[str, Device] = {}
        for entry in entries:
            if entry.name in self.devices:
                raise ConfigError(f"two simulated devices are called {entry.name!r}")
            self.devices[entry.name] = attach(self, entry)
        self.contacts.begin()
        self._machines: dict[int, Machine] = {}
        self.upses = {name: self._ups(name, inlets) for name, inlets in (upses or {}).items()}
        self.upsd = SimulatedUpsd(self.upses)
        self._started = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def bus(self, place: str) -> SimI2cBus:
        """The I2C bus of that name, made when it is first asked for."""
        if place not in self.buses:
            self.buses[place] = SimI2cBus({}, sleep=self.sleep)
        return self.buses[place]

    def share(self, what: str, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of that kind and key, made when it is first asked for."""
        if (what, key) not in self.shared:
            self.shared[what, key] = make()
        shared: T = self.shared[what, key]
        return shared

    def folder(self, name: str) -> Path:
        """A new folder for files of that device."""
        folder = self.runtime_dir / f"sim-{name.replace(' ', '-')}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def truth(self, target: Target, t_s: float | None = None) -> Truth:
        """What a perfect meter shows for the target at t_s, by default now."""
        return self.world.truth(target, self.clock.monotonic_s() if t_s is None else t_s)

    def put_machine(
        self, outlet: int, *, on_w: float, off_w: float, takes_s: float, hangs: bool
    ) -> None:
        """Plug in a machine that can be told to shut down; see `Machine`."""
        told = self.share("folder", FOLDER, lambda: self.folder(FOLDER)) / str(outlet)
        machine = self._machines[outlet] = Machine(
            self.world, outlet, told, on_w=on_w, off_w=off_w, takes_s=takes_s, hangs=hangs
        )
        machine.look(self.clock.monotonic_s())

    def take_machine(self, outlet: int) -> None:
        """What is plugged in draws as before, and nobody can tell it anything."""
        self._machines.pop(outlet, None)

    def look_at_machines(self) -> None:
        now_s = self.clock.monotonic_s()
        for machine in self._machines.values():
            machine.look(now_s)

    def _ups(self, name: str, inlets: Sequence[int]) -> SimulatedUps:
        targets = [Target(TargetKind.INLET, inlet) for inlet in inlets]

        def load_w() -> float:
            return sum(self.truth(target).active_power_w for target in targets)

        return SimulatedUps(name, load_w, self.clock.monotonic_s, self.mains.nominal_v)

    def power_loss(self) -> None:
        """The logic supply fails and returns: all chips at their power-on defaults."""
        for device in self.devices.values():
            if "power_loss" in device.verbs:
                device.verbs["power_loss"](True)

    def will_play(self, script: Script) -> None:
        """Its time starts with the board's."""
        self._script = script

    def start(self) -> None:
        """Let devices with a life of their own live, keep files up to date, play the script.

        May be called again.
        """
        if self._started:
            return
        self._started = True
        for device in self.devices.values():
            device.start()
        if self.upses:
            self.upsd.start()
        refreshing = any(device.refresh is not None for device in self.devices.values())
        if refreshing or self.upses or self._script is not None:
            self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self.upsd.close()
        for device in self.devices.values():
            device.close()
        self.contacts.close()

    def _run(self) -> None:
        player = Player(self._script or Script(()), self, self.clock.monotonic_s())
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            next_s = player.play(self.clock.monotonic_s())
            self.look_at_machines()
            for ups in self.upses.values():
                ups.look()
            pause_s = LISTENING_S if self._machines else REFRESH_S
            if next_s is not None:
                due_s = (next_s - self.clock.monotonic_s()) / self._speed
                pause_s = min(pause_s, max(0.0, due_s))
            for device in self.devices.values():
                if device.refresh is not None:
                    device.refresh()
