# SPDX-License-Identifier: Apache-2.0
"""How many samples a second really arrive."""

from __future__ import annotations

import pytest

from pdu_agent.hw.ads13x.delivered import SPAN_S, Delivered

RATE_HZ = 8000.0


def told(caplog: pytest.LogCaptureFixture, before_first: int, lost: int) -> tuple[float, int]:
    """The rate after ten seconds of blocks that each lose `lost` of 500, and lines in the log."""
    caplog.clear()
    delivered = Delivered("chip")
    delivered.restart(RATE_HZ)
    delivered.add(500 - lost, before_first, RATE_HZ)
    for _ in range(round(SPAN_S * RATE_HZ / 500)):
        delivered.add(500 - lost, lost, RATE_HZ)
    return delivered.real_rate_hz, len(caplog.messages)


def test_what_is_lost_between_blocks_lowers_the_rate_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rate_hz, lines = told(caplog, 0, 50)
    assert rate_hz == pytest.approx(7200, rel=0.001)
    assert lines == 1


def test_the_time_that_a_converter_was_pulled_says_nothing_about_the_rate(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert told(caplog, 26 * 8000, 0) == (RATE_HZ, 0)
