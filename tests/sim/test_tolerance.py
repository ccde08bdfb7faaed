# SPDX-License-Identifier: Apache-2.0
"""Simulated parts are off by what was asked for, and stay what they are."""

from __future__ import annotations

import math

import pytest

from pdu_agent.hw.sim.inputs import ConverterPlan, CurrentInput, VoltageInput
from pdu_agent.hw.sim.tolerance import with_real_parts
from pdu_agent.hw.sim.world import Conductor
from pdu_agent.model.commands import Target, TargetKind

INLET = Conductor(Target(TargetKind.INLET, 1))
ONE_DEGREE_HZ = 50 * math.tan(math.radians(1.0))


def plan(corner_hz: float = 0.0) -> ConverterPlan:
    currents = tuple(CurrentInput(n, INLET, 0.05, corner_hz) for n in range(1, 8))
    return ConverterPlan(8, (VoltageInput(0, "l1", 200.0),), currents)


def test_parts_are_within_their_class_and_differ() -> None:
    real = with_real_parts(plan(), 0.01, "1 chip1")
    ratios = [current.volts_per_ampere / 0.05 for current in real.currents]
    corners_hz = [current.corner_hz for current in real.currents]
    assert all(0.99 <= ratio <= 1.01 for ratio in ratios)
    assert all(0 <= corner_hz <= ONE_DEGREE_HZ for corner_hz in corners_hz)
    assert max(ratios) - min(ratios) > 0.002
    assert max(corners_hz) - min(corners_hz) > 0.1
    assert real.voltages[0].divider != 200.0
    assert real.voltages[0].divider == pytest.approx(200.0, rel=0.01)


def test_parts_are_the_same_at_every_start_whatever_has_been_found_of_them() -> None:
    first = with_real_parts(plan(), 0.01, "1 chip1")
    assert with_real_parts(plan(corner_hz=0.4), 0.01, "1 chip1") == first
    assert with_real_parts(plan(), 0.01, "1 chip2") != first


def test_without_a_tolerance_parts_are_nominal() -> None:
    assert with_real_parts(plan(0.873), 0.0, "1 chip1") == plan(0.873)
