# SPDX-License-Identifier: Apache-2.0
"""A strip with nothing to count: half the relays open before loads, half closed with none."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.hw.sim.loads import CATALOGUE, Load
from tests.chain.accuracy import SETTLE_S, percent, unsteady_mains
from tests.chain.rig import INLET, Chain, outlet
from tests.chain.truth import SteadyTruth

OUTLETS = 6  # with the inlet all that one converter takes
_STEP_S = 60.0
_NOTHING = Load("nothing plugged in", 0.0)


@dataclass(frozen=True, slots=True)
class Idle:
    """outlets_mj: what all outlets counted together. inlet_percent: error of the inlet's
    register, which counts the strip's own 4 W all the time.
    """

    outlets_mj: int
    inlet_percent: float
    lost_samples: int


def idle(hours: float) -> Idle:
    """Let the strip stand idle, on a busy host."""
    mains = unsteady_mains(50.0)
    with Chain(mains, _loads(), keep=False) as chain:
        chain.relays.write(dict.fromkeys(range(OUTLETS // 2), False))
        chain.run(SETTLE_S)
        from_s, from_mj = chain.metered_until_s[INLET], chain.meter(INLET).energy_mj
        for _ in range(round(hours * 3600 / _STEP_S)):
            chain.run(_STEP_S)
        truth = SteadyTruth(chain.board, INLET, chain.time.monotonic_s())
        true_mj = truth.energy_mj(from_s, chain.metered_until_s[INLET])
        return Idle(
            sum(chain.meter(outlet(number)).energy_mj for number in range(1, OUTLETS + 1)),
            percent(chain.meter(INLET).energy_mj - from_mj, true_mj),
            chain.core.health.lost_samples,
        )


def _loads() -> dict[int, Load]:
    unplugged = dict.fromkeys(range(1, OUTLETS + 1), _NOTHING)
    return unplugged | {number: CATALOGUE[number] for number in range(1, OUTLETS // 2 + 1)}
