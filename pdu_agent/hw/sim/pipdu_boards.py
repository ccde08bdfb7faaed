# SPDX-License-Identifier: Apache-2.0
"""PiPDU's board on the world: its relays and its telemetry are one device on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import for_seconds
from pdu_agent.hw.sim.pipdu import SimPipdu
from pdu_agent.model.commands import Target

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


class _Wiring:
    """What hangs on a board: the entry of its relays, and what its channels (from 0) measure."""

    def __init__(self, board: SimulatedBoard, first_firmware: bool) -> None:
        self.relays = ""
        self.targets: dict[int, Target] = {}
        self._board = board
        self._in_watts = first_firmware

    def on_relays(self, closed: tuple[bool, ...]) -> None:
        if self.relays:
            self._board.contacts.coils(self.relays, dict(enumerate(closed)))

    def truth(self, channel: int) -> float:
        target = self.targets.get(channel)
        if target is None:
            return 0.0
        found = self._board.truth(target)
        return found.active_power_w if self._in_watts else found.current_a


def relays(board: SimulatedBoard, entry: Entry) -> Device:
    device, wiring = _shared(board, entry)
    wiring.relays = entry.name
    return device


def meter(board: SimulatedBoard, entry: Entry) -> Device:
    device, wiring = _shared(board, entry)
    for name, target in entry.channels.items():
        wiring.targets[int(name.removeprefix("ch")) - 1] = target
    return device


def _shared(board: SimulatedBoard, entry: Entry) -> tuple[Device, _Wiring]:
    """The same device for the relays and the meter of one place; its own life starts once."""
    first_firmware = entry.options.firmware == "first"
    wiring = board.share("pipdu wiring", entry.place, lambda: _Wiring(board, first_firmware))
    is_known = ("pipdu", entry.place) in board.shared
    simulated = board.share(
        "pipdu", entry.place, lambda: _new(board, entry.place, wiring, first_firmware)
    )

    def replug(_: bool) -> None:
        simulated.unplug()
        simulated.plug()

    def silent(on: bool) -> None:
        simulated.is_mute = on

    def corrupt(lines: int) -> None:
        simulated.broken_lines = lines

    def stall(seconds: float) -> None:
        simulated.terminal.stall(for_seconds(board.clock, seconds))

    def heal(_: bool) -> None:
        simulated.is_mute = False
        simulated.broken_lines = 0

    device = Device(
        entry.name,
        {
            "unplug": lambda _: simulated.unplug(),
            "replug": replug,
            "power_loss": lambda _: simulated.boot(),
            "silent": silent,
            "corrupt": corrupt,
            "stall": stall,
            "heal": heal,
        },
        path=str(simulated.path),
        start=(lambda: None) if is_known else simulated.start,
        close=(lambda: None) if is_known else simulated.close,
    )
    return device, wiring


def _new(board: SimulatedBoard, place: str, wiring: _Wiring, first_firmware: bool) -> SimPipdu:
    path = board.runtime_dir / f"{place.replace(':', '-')}-pipdu"
    path.unlink(missing_ok=True)
    kept = path.with_name(f"{path.name}.registers")
    return SimPipdu(path, board.clock, wiring.truth, first_firmware, wiring.on_relays, kept)
