# SPDX-License-Identifier: Apache-2.0
"""One simulated device: what the configuration says of it, and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pdu_agent.hw.sim.inputs import ConverterPlan
from pdu_agent.model.commands import Target
from pdu_agent.model.snapshot import SensorKind

Verb = Literal[
    "nack",
    "stuck",
    "corrupt",
    "stall",
    "unplug",
    "replug",
    "power_loss",
    "silent",
    "dead",
    "dead_channel",
    "clip_channel",
    "lose_frames",
    "press",
    "let_go",
    "block",
    "heal",
]
"""What can happen to a device or a bus; each takes one value, see `docs/simulator.md`."""
UNWIRED = ConverterPlan(0, (), ())


@dataclass(frozen=True, slots=True)
class Entry:
    """A driver whose place is simulated. options: its settings.

    place: sim or sim:name. number: of a sensor or fan. channels: of a counting meter, what
    each one measures. plan: the wiring of a sampled converter. sensor: what a sensor gives.
    """

    kind: str
    name: str
    driver: str
    place: str
    options: Any
    number: int = 0
    channels: Mapping[str, Target] = field(default_factory=dict)
    plan: ConverterPlan = UNWIRED
    sensor: SensorKind = SensorKind.OTHER


@dataclass(frozen=True, slots=True)
class Device:
    """verbs: what a script can do to it. refresh: brings files up to now, about once a second.

    path: what its driver opens, where that is a file, a serial line or an address. ranges: the
    channels and lines that it has, by the verbs that name one. start and close: of its own thread.
    """

    name: str
    verbs: Mapping[Verb, Callable[[Any], None]]
    path: str = ""
    refresh: Callable[[], None] | None = None
    ranges: Mapping[Verb, range] = field(default_factory=dict)
    start: Callable[[], None] = lambda: None
    close: Callable[[], None] = lambda: None
