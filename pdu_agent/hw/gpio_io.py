# SPDX-License-Identifier: Apache-2.0
"""Buttons, contacts and lamps on GPIO lines of the board itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pdu_agent.hw.gpio import GpioChip, GpioLines, LineSettings
from pdu_agent.hw.hold import BOUNCE_S
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.settings import setting

CONSUMER = "openpdu"


@dataclass(frozen=True, slots=True)
class GpioIoSettings:
    """Lines are numbered as the chip numbers them; see gpioinfo."""

    chip: str = setting("/dev/gpiochip0", max_length=255, doc="the GPIO chip's device")
    active_low: bool = setting(True, doc="true where a closed input is low, as from pin to ground")
    lit_low: bool = setting(False, doc="true where a low output lights its lamp")
    pull_up: bool = setting(True, doc="false where the inputs have resistors of their own")


class GpioIo:
    """DigitalIo on some lines of one chip; the kernel debounces and tells of edges."""

    def __init__(
        self,
        chip: GpioChip,
        settings: GpioIoSettings,
        inputs: Iterable[int],
        outputs: Iterable[int],
    ) -> None:
        self._chip = chip
        self._name = f"gpio {settings.chip}"
        self._inputs = tuple(inputs)
        self.tells_edges = bool(self._inputs)
        taken_in = LineSettings(
            active_low=settings.active_low,
            pull_up=settings.pull_up,
            edges=True,
            debounce_s=BOUNCE_S,
        )
        driven = LineSettings(output=True, active_low=settings.lit_low)
        self._wanted = dict.fromkeys(self._inputs, taken_in) | dict.fromkeys(outputs, driven)
        self._lines: GpioLines | None = None

    @classmethod
    def connect(
        cls, site: Site, settings: GpioIoSettings, inputs: Iterable[int], outputs: Iterable[int]
    ) -> GpioIo:
        return cls(site.connections.gpio(settings.chip), settings, inputs, outputs)

    def open(self) -> None:
        self.close()
        self._lines = self._chip.request(self._wanted, CONSUMER)

    def read(self, timeout_s: float, /) -> dict[int, bool]:
        lines = self._opened()
        edges = lines.wait_edges(timeout_s) if self._inputs else []
        levels = lines.read()
        # Pressed now, but let go in between: that must not pass for one long press.
        let_go = {edge.line for edge in edges if not edge.active}
        return {line: levels[line] and line not in let_go for line in self._inputs}

    def write(self, lit: Mapping[int, bool]) -> None:
        self._opened().write(lit)

    def close(self) -> None:
        lines, self._lines = self._lines, None
        if lines is not None:
            lines.close()
        self._chip.close()

    def _opened(self) -> GpioLines:
        if self._lines is None:
            raise HardwareError(self._name, "use", "it is not open")
        return self._lines
