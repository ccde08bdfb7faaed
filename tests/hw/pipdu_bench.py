# SPDX-License-Identifier: Apache-2.0
"""PiPDU's simulated board with its drivers, in a time that tests let pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from pdu_agent.hw.pipdu import PipduBank, PipduMeter, PipduMeterSettings, PipduRelaySettings
from pdu_agent.hw.pipdu.owner import owner_of
from pdu_agent.hw.pipdu.telemetry import CHANNELS
from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.hw.sim.pipdu import BOOT_LOADER_S, CYCLE_S, RELAY_STEP_S, SimPipdu
from pdu_agent.hw.sim.serial_board import OnRelays
from pdu_agent.model.clock import ManualClock

BOOT_S = BOOT_LOADER_S + CHANNELS * RELAY_STEP_S + 2 * CYCLE_S


class Bench:
    """The board with its drivers; `pass_time` moves the clock while the threads keep up."""

    def __init__(
        self, folder: Path, firmware: str = "later", on_relays: OnRelays | None = None
    ) -> None:
        self.folder = folder
        self.firmware = firmware
        self.clock = ManualClock()
        self.truth = [0.0] * CHANNELS
        self.board = SimPipdu(
            folder / "ttyACM0",
            self.clock,
            lambda n: self.truth[n],
            firmware == "first",
            on_relays,
        )
        self.path = str(self.board.path)
        self.board.start()
        self.opened: list[PipduBank | PipduMeter] = []

    def bank(self, relay_count: int = CHANNELS) -> PipduBank:
        settings = PipduRelaySettings(firmware=self.firmware, relay_count=relay_count)
        memory = RelayMemory(self.folder, "pi", relay_count)
        bank = PipduBank(owner_of(self.path, self.firmware, self.clock), settings, memory)
        self.opened.append(bank)
        return bank

    def meter(self, **chosen: object) -> PipduMeter:
        settings = PipduMeterSettings(port=self.path, firmware=self.firmware, **chosen)
        meter = PipduMeter(owner_of(self.path, self.firmware, self.clock), settings, self.clock)
        self.opened.append(meter)
        return meter

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / (CYCLE_S / 5))):
            self.clock.advance(CYCLE_S / 5)
            self.board.settle()

    def while_time_passes(self, action: Callable[[], object]) -> object:
        """What `action` gives, or raises, while the board goes on."""
        done = threading.Event()

        def run() -> None:
            while not done.wait(0.002):
                self.clock.advance(CYCLE_S / 10)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            return action()
        finally:
            done.set()
            thread.join()

    def warm_bank(self) -> PipduBank:
        self.pass_time(BOOT_S)
        bank = self.bank()
        self.while_time_passes(bank.inspect)
        bank.initialise()
        self.board.settle()
        return bank

    def close(self) -> None:
        for user in self.opened:
            user.close()
        self.board.close()
