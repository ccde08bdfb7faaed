# SPDX-License-Identifier: Apache-2.0
"""From settings to running fans, and to what the core has to know of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pdu_agent.app.config.schema import AgentSettings, FanEntry
from pdu_agent.core.settings import FanSettings
from pdu_agent.hw import registry
from pdu_agent.hw.fan_keeper import FanKeeper, KeptFan
from pdu_agent.hw.ports import Fan
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.readings import FanReading


def fan_keeper(
    settings: AgentSettings,
    clock: Clock,
    site: Callable[[str], Site],
    deliver: Callable[[FanReading], None],
) -> FanKeeper:
    """site(name): for the drivers. deliver: called from the fans' threads."""
    return FanKeeper(
        [
            KeptFan(
                entry.number,
                _fan(entry, site),
                entry.duty_percent,
                entry.interval_s,
                getattr(entry.options, "bus", entry.driver),
            )
            for entry in settings.fans
        ],
        clock,
        deliver,
    )


def _fan(entry: FanEntry, site: Callable[[str], Site]) -> Fan:
    driver = registry.driver_class("fans", entry.driver)
    fan: Fan = driver.connect(site(f"fan {entry.number}"), entry.options)
    return fan


def fans_of(settings: AgentSettings) -> tuple[FanSettings, ...]:
    """As the core counts time: intervals are real, its clock may be simulated and faster."""
    stretch = max(1.0, settings.simulator.speed)
    return tuple(replace(fan, interval_s=fan.interval_s * stretch) for fan in settings.fans)
