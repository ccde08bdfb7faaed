# SPDX-License-Identifier: Apache-2.0
"""A value that is no number is missing: no face may fall over it, and no counter takes it."""

from __future__ import annotations

import math

import pytest

from pdu_agent.mib_impl.identity import MIB_NAMES, agent_modules
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView
from pdu_agent.model.snapshot import MeterStatus
from tests.core.bench import INLET, Workbench

ODD = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_value_is_missing_and_the_others_are_there(odd: float) -> None:
    bench = Workbench()
    bench.read(INLET, 1000.0, voltage_v=230.0, current_a=odd, active_power_w=5.0)
    meter = bench.core.snapshot.inlets[0].meter
    assert (meter.electrical.current_a, meter.electrical.voltage_v) == (None, 230.0)
    assert meter.status is MeterStatus.OK
    assert bench.core.final_record().meters[str(INLET)].energy_mj == 1000
    assert meter.peak_current_a is None


@pytest.mark.parametrize("odd", ODD)
def test_every_tree_can_be_walked_over_it(odd: float) -> None:
    bench = Workbench(2)
    names = ("voltage_v", "current_a", "active_power_w", "apparent_power_va", "power_factor")
    bench.read(INLET, odd, **dict.fromkeys((*names, "frequency_hz", "crest_factor"), odd))
    view = MibView(agent_modules(lambda: 0.0, SnmpCounters(), mibs=MIB_NAMES))
    step, count = view.next((), bench.core.snapshot), 0
    while step is not END_OF_MIB_VIEW:
        step, count = view.next(step[0], bench.core.snapshot), count + 1
    assert count > 500
