# SPDX-License-Identifier: Apache-2.0
"""TI ADS130E08: eight 16-bit channels at 8 kSPS over SPI, read by RDATA at a fixed pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pdu_agent.hw.ads13x.parts import ADS130E08
from pdu_agent.hw.ads13x.settings import Ads13xSettings, Reference, SetUp
from pdu_agent.hw.ads13x.source import Ads13xSource, Duties
from pdu_agent.hw.site import Site
from pdu_agent.hw.spi import SpiPort
from pdu_agent.model.settings import setting

__all__ = ["Ads130e08Settings", "Ads130e08Source", "Gain", "Reference"]

RATE_SPS = 8000


class Gain(Enum):
    ONE = 1
    TWO = 2
    EIGHT = 8


@dataclass(frozen=True, slots=True)
class Ads130e08Settings(Ads13xSettings):
    """One converter; its device node is the entry's `bus`, one converter to an SPI bus."""

    gain: Gain = setting(Gain.ONE, doc="input amplifier of all channels: 1, 2 or 8")

    @property
    def set_up(self) -> SetUp:
        return SetUp(
            ADS130E08, RATE_SPS, self.gain.value, self.reference_v.value, self.used_channels
        )

    @property
    def volts_per_count(self) -> float:
        """The weight of one code at the converter's input, before divider and CT."""
        return self.set_up.volts_per_count


class Ads130e08Source(Ads13xSource):
    """SampleSource of all eight channels."""

    def __init__(
        self,
        port: SpiPort,
        settings: Ads130e08Settings,
        sleep: Callable[[float], None] = time.sleep,
        place: str = "spi",
    ) -> None:
        duties = Duties(settings.register_check_s, settings.self_test)
        super().__init__(port, settings.set_up, duties, f"ads130e08 on {place}", sleep)

    @classmethod
    def connect(cls, site: Site, settings: Ads130e08Settings) -> Ads130e08Source:
        return cls(site.connections.spi(site.place), settings, site.sleep, site.place)
