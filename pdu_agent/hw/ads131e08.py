# SPDX-License-Identifier: Apache-2.0
"""TI ADS131E08, ADS131E08S and their kin with six and four channels, over spidev.

24-bit samples at 1 to 16 kSPS, 16-bit ones at 32 and 64 kSPS, which spidev does not follow:
the source then says what it reads. For 64 kSPS see `ads131e08_iio`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pdu_agent.hw.ads13x.data_ready import MAX_RATE_SPS, EdgeFrames
from pdu_agent.hw.ads13x.frames import FrameReader
from pdu_agent.hw.ads13x.parts import ADS131E08
from pdu_agent.hw.ads13x.settings import Ads13xSettings, SetUp
from pdu_agent.hw.ads13x.source import Ads13xSource, Duties
from pdu_agent.hw.site import Site
from pdu_agent.hw.spi import SpiPort
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting


class Gain(Enum):
    ONE = 1
    TWO = 2
    FOUR = 4
    EIGHT = 8
    TWELVE = 12


class RateSps(Enum):
    """Samples a second of each channel."""

    K1 = 1000
    K2 = 2000
    K4 = 4000
    K8 = 8000
    K16 = 16000
    K32 = 32000
    K64 = 64000


@dataclass(frozen=True, slots=True)
class Ads131e08Settings(Ads13xSettings):
    """One converter; its device node is the entry's `bus`, one converter to an SPI bus.

    Raises ConfigError for data-ready edges at a rate that they cannot be followed at.
    """

    gain: Gain = setting(Gain.ONE, doc="input amplifier of all channels: 1 2 4 8 12")
    rate_sps: RateSps = setting(
        RateSps.K8, doc="samples/s: 1000 2000 4000 8000 16000, or 32000 64000 with 16 bits"
    )
    offset_calibration: bool = setting(
        False, doc="have the chip null its own offsets at each start"
    )
    data_ready_chip: str = setting(
        "",
        max_length=255,
        doc="GPIO chip with the data-ready line, /dev/gpiochip0; empty: reads at a fixed pace",
    )
    data_ready_line: int = setting(
        0, minimum=0, maximum=1023, doc="line of that chip; up to 4000 samples/s"
    )

    def __post_init__(self) -> None:
        if self.data_ready_chip and self.rate_sps.value > MAX_RATE_SPS:
            raise ConfigError(
                f"data_ready_chip: edges are not followed at {self.rate_sps.value} samples/s;"
                f" expected rate_sps up to {MAX_RATE_SPS}, or no data_ready_chip"
            )

    @property
    def set_up(self) -> SetUp:
        return SetUp(
            ADS131E08,
            self.rate_sps.value,
            self.gain.value,
            self.reference_v.value,
            self.used_channels,
        )

    @property
    def volts_per_count(self) -> float:
        """The weight of one code at the converter's input, before divider and CT."""
        return self.set_up.volts_per_count


class Ads131e08Source(Ads13xSource):
    """SampleSource of eight channels; those that a smaller part lacks are failed ones."""

    def __init__(
        self,
        port: SpiPort,
        settings: Ads131e08Settings,
        sleep: Callable[[float], None] = time.sleep,
        place: str = "spi",
        reader: FrameReader | None = None,
    ) -> None:
        duties = Duties(settings.register_check_s, settings.self_test, settings.offset_calibration)
        name = f"ads131e08 on {place}"
        super().__init__(port, settings.set_up, duties, name, sleep, reader)

    @classmethod
    def connect(cls, site: Site, settings: Ads131e08Settings) -> Ads131e08Source:
        port = site.connections.spi(site.place)
        reader = None
        if settings.data_ready_chip:
            reader = EdgeFrames(
                port,
                site.connections.gpio(settings.data_ready_chip),
                settings.data_ready_line,
                settings.rate_sps.value,
                site.clock,
                f"ads131e08 on {site.place}",
            )
        return cls(port, settings, site.sleep, site.place, reader)
