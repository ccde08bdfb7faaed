# SPDX-License-Identifier: Apache-2.0
"""A simulated strip wired as the demo's, for tests and benches that need no agent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.simulated import entries_of, layout_of, relays_of
from pdu_agent.hw.ads130e08 import Ads130e08Settings, Ads130e08Source
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.model.clock import Clock


def make_strip(
    outlets: int,
    clock: Clock,
    sleep: Callable[[float], None],
    folder: Path,
    **options: Any,
) -> SimulatedBoard:
    """options: those of SimulatedBoard."""
    settings = demo_settings(DemoOptions(outlets=outlets), folder, folder)
    return SimulatedBoard(
        layout_of(settings),
        relays_of(settings),
        entries_of(settings),
        clock,
        sleep,
        folder,
        **options,
    )


def used_channels(outlets: int, number: int) -> int:
    """Inputs of the demo's converter of that number, from 0: the voltage and seven currents."""
    return 1 + min(7, outlets + 1 - 7 * number)


def converter_count(outlets: int) -> int:
    return -(-(outlets + 1) // 7)


def source_of(board: SimulatedBoard, number: int, **settings: Any) -> Ads130e08Source:
    """The real driver on a converter, started. Waiting lets the board's time pass."""
    channels = used_channels(len(board.world.layout.outlets), number)
    options = Ads130e08Settings(used_channels=channels, **settings)
    source = Ads130e08Source(board.ports[f"sim:{number}"], options, board.sleep)
    source.start()
    return source
