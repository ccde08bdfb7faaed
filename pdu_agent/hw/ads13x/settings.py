# SPDX-License-Identifier: Apache-2.0
"""Settings that all parts of the family share, and what a source needs to know of any of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from pdu_agent.hw.ads13x.parts import CHANNELS, FILTER_ORDER, Part, Rate, volts_per_count
from pdu_agent.metering.droop import Sinc
from pdu_agent.model.settings import setting


class Reference(Enum):
    """The internal reference in volts; 4 V needs a 5 V analog supply."""

    V2_4 = 2.4
    V4 = 4


@dataclass(frozen=True, slots=True)
class Ads13xSettings:
    """What the configuration may say of any part."""

    place: ClassVar = (r"/dev/spidev\d{1,3}\.\d{1,3}", "/dev/spidevB.C")

    reference_v: Reference = setting(Reference.V2_4, doc="internal reference: 2.4 or 4 V")
    used_channels: int = setting(
        CHANNELS, minimum=1, maximum=CHANNELS, doc="wired inputs, channel 1 upwards"
    )
    register_check_s: float = setting(
        60.0, minimum=1, maximum=3600, doc="how often to look whether the chip lost its set-up"
    )
    self_test: bool = setting(
        False, doc="measure the chip's test signal and its shorted inputs at each start, in 1 s"
    )


@dataclass(frozen=True, slots=True)
class SetUp:
    """One part as it is wanted. rate_sps and gain: ones that the part has."""

    part: Part
    rate_sps: int
    gain: int
    reference_v: float
    used_channels: int

    @property
    def rate(self) -> Rate:
        return self.part.rates[self.rate_sps]

    @property
    def droop(self) -> Sinc:
        """By the rate of the chip, however often it is read."""
        return Sinc(FILTER_ORDER, float(self.rate_sps))

    @property
    def volts_per_count(self) -> float:
        """The weight of one code at the converter's input, before divider and CT."""
        return volts_per_count(self.reference_v, self.gain, self.rate.bits)
