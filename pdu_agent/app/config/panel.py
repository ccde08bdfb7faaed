# SPDX-License-Identifier: Apache-2.0
"""The front panel in the file: boards of inputs and outputs, buttons, lamps and displays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pdu_agent.app.config.shape import inline
from pdu_agent.hw import registry
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.io_line import IoLine
from pdu_agent.model.settings import setting
from pdu_agent.model.size import MAX_OUTLETS

MAX_BOARDS = 16
MAX_IO_LINES = 128
MAX_DISPLAYS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class IoEntry:
    """One entry of `io`; the driver's own settings stand beside these.

    options: an instance of registry.settings_class("io", driver).
    """

    name: str = setting(max_length=32, doc="what buttons, lamps and contacts call it")
    driver: str = setting(max_length=32, doc="the kind of board")
    options: Any = field(
        metadata=inline("driver", lambda driver: registry.settings_class("io", driver))
    )


@dataclass(frozen=True, slots=True)
class ButtonSettings:
    """One entry of `buttons`."""

    input: IoLine = setting(doc="board.line of `io`, such as panel.0")
    outlet: int = setting(minimum=1, maximum=MAX_OUTLETS, doc="which one it switches")
    hold_s: float = setting(
        1.5, minimum=0.5, maximum=10, doc="how long it has to be held to switch"
    )


@dataclass(frozen=True, slots=True)
class LedSettings:
    """One entry of `leds`. Raises ConfigError unless it shows one thing."""

    output: IoLine = setting(doc="board.line of `io`, such as panel.8")
    outlet: int | None = setting(None, minimum=1, maximum=MAX_OUTLETS, doc="whose state it shows")
    shows: str = setting("", choices=("", "alarm"), doc="what it shows that is of no outlet")

    def __post_init__(self) -> None:
        if (self.outlet is None) is not bool(self.shows):
            raise ConfigError("give either `outlet`, or `shows: alarm`")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayEntry:
    """One entry of `displays`; the driver's own settings stand beside these.

    options: an instance of registry.settings_class("displays", driver).
    """

    name: str = setting(max_length=32, doc="how logs call it")
    driver: str = setting(max_length=32, doc="the kind of display")
    options: Any = field(
        metadata=inline("driver", lambda driver: registry.settings_class("displays", driver))
    )
