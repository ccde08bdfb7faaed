# SPDX-License-Identifier: Apache-2.0
"""What follows from the quantities that a meter of alternating current gives."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.model.quantities import Electrical


def completed(measured: Electrical) -> Electrical:
    """With apparent power and power factor where the meter does not give them.

    The power factor is held within -1..1: the parts of it were measured one after the other.
    """
    apparent_va = measured.apparent_power_va
    if apparent_va is None and None not in (measured.voltage_v, measured.current_a):
        apparent_va = (measured.voltage_v or 0.0) * abs(measured.current_a or 0.0)
    factor = measured.power_factor
    if factor is None and apparent_va is not None and measured.active_power_w is not None:
        whole = measured.active_power_w / apparent_va if apparent_va else 0.0
        factor = max(-1.0, min(1.0, whole))
    return replace(measured, apparent_power_va=apparent_va, power_factor=factor)
