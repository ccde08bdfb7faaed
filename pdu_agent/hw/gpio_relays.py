# SPDX-License-Identifier: Apache-2.0
"""Relays on lines of a GPIO chip of the kernel (the processor's own, or an expander's).

Most chips keep an output as it is when nobody holds it; some turn it into an input, and then
a restart of the agent opens every relay. So lines are taken once, as they are, and never let
go while the agent runs. An expander behind a driver of the kernel that loses its power alone
is noticed only by what its lines read: the kernel does not look at its directions again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pdu_agent.hw.gpio import Drive, GpioChip, GpioLines, LineSettings
from pdu_agent.hw.site import Site
from pdu_agent.model.settings import setting

CONSUMER = "openpdu relays"


@dataclass(frozen=True, slots=True)
class GpioRelaySettings:
    """Which lines there are and how their relays are wired."""

    lines: tuple[int, ...] = setting(
        minimum=0, maximum=511, max_length=64, doc="lines of the chip, for relays 0 upwards"
    )
    active_low: bool = setting(
        False, doc="true where a low line closes the relay (opto-coupled relay modules)"
    )
    drive: Drive = setting(
        "push_pull",
        choices=("push_pull", "open_drain", "open_source"),
        doc="how the line is driven; open_drain for inputs of another voltage",
    )

    @property
    def relay_count(self) -> int:
        return len(self.lines)


class GpioBank:
    """RelayBank on one chip; relay n is the line lines[n]. Made without touching the chip.

    Raises ChipNotFound for lines that are in use or not there, BusTimeout for the rest.
    """

    def __init__(self, chip: GpioChip, settings: GpioRelaySettings) -> None:
        self.relay_count = settings.relay_count
        self._chip = chip
        self._numbers = settings.lines
        self._settings = LineSettings(
            as_is=True, active_low=settings.active_low, drive=settings.drive
        )
        self._lines: GpioLines | None = None
        self._is_driven = False

    @classmethod
    def connect(cls, site: Site, settings: GpioRelaySettings) -> GpioBank:
        return cls(site.connections.gpio(site.place), settings)

    def inspect(self) -> tuple[bool, tuple[bool | None, ...]]:
        """Cold when every line is an input. The lines are taken, and stay as they are.

        Some inputs among outputs are relays that the configuration has added; they are
        open, and the first write takes them in.
        """
        levels = self._taken().read()
        states = self._chip.look(self._numbers)
        outputs = [states[line].output for line in self._numbers]
        cold = not any(outputs)
        self._is_driven = self._is_driven and not cold
        return cold, tuple(
            output and levels[line] for line, output in zip(self._numbers, outputs, strict=True)
        )

    def initialise(self) -> None:
        """Every line becomes an output that leaves its relay open from the first moment."""
        self._taken().drive(dict.fromkeys(self._numbers, False))
        self._is_driven = True

    def write(self, closed: Mapping[int, bool]) -> None:
        """One call to the kernel for all named relays.

        Raises ValueError for a relay that the board does not have; then nothing was written.
        """
        for relay in closed:
            if not 0 <= relay < self.relay_count:
                raise ValueError(f"gpio: relay {relay}, expected 0..{self.relay_count - 1}")
        wanted = {self._numbers[relay]: close for relay, close in closed.items()}
        lines = self._taken()
        if self._is_driven:
            lines.write(wanted)
        else:
            self._drive_from_now(lines, wanted)

    def read_back(self, relays: Iterable[int]) -> dict[int, bool | None]:
        """The levels of their lines: another value than the wanted one is a line that cannot
        follow (shorted, or its chip lost power).
        """
        levels = self._taken().read()
        return {relay: levels[self._numbers[relay]] for relay in relays}

    def close(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None
        self._is_driven = False
        self._chip.close()

    def _drive_from_now(self, lines: GpioLines, wanted: Mapping[int, bool]) -> None:
        """The first write after a restart: what is not named keeps its level."""
        _, closed = self.inspect()
        found = {line: bool(on) for line, on in zip(self._numbers, closed, strict=True)}
        lines.drive(found | dict(wanted))
        self._is_driven = True

    def _taken(self) -> GpioLines:
        if self._lines is None:
            self._lines = self._chip.request(dict.fromkeys(self._numbers, self._settings), CONSUMER)
        return self._lines
