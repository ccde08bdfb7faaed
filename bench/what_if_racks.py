# SPDX-License-Identifier: Apache-2.0
"""Random racks: what `what-if cap` says, and what the real core then does; they must not differ.

python -m bench.what_if_racks [RACKS] [SEED]

Each second rack is asked by its recorded peaks while it draws less; then it draws these again.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass

from bench.rack import Rack, settings_of
from pdu_agent.core.protection.settings import LARGEST, CapSettings
from pdu_agent.core.protection.what_if import Basis, CapAnswer, cap_answer
from pdu_agent.core.settings import BranchSettings, LineSettings, OutletSettings, RelayRef
from pdu_agent.model.commands import (
    CapSetting,
    ConfigureCap,
    Lock,
    Quantity,
    SetLock,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import NotNow
from pdu_agent.model.events import OutletShed

NO_LIMIT_W = LARGEST[Quantity.ACTIVE_POWER]


@dataclass(frozen=True, slots=True)
class Compared:
    """said and done: outlets in their order. refused: the limit cannot be kept at all."""

    seed: int
    said: tuple[int, ...]
    done: tuple[int, ...]
    refused: bool

    @property
    def differs(self) -> bool:
        return not self.refused and self.said != self.done


def random_rack(chance: random.Random) -> tuple[Rack, Target]:
    """2 to 24 outlets on one or three phases, with priorities, locks, and one capped target."""
    count = chance.randint(2, 24)
    phases = ("l1", "l2", "l3") if chance.random() < 0.5 else ()
    branches = tuple(
        BranchSettings(n, line=chance.choice(phases or ("unknown",)), rated_current_a=1000.0)
        for n in range(1, chance.randint(1, 4) + 1)
    )
    outlets = []
    for number in range(1, count + 1):
        branch = chance.choice(branches)
        outlets.append(
            OutletSettings(
                number,
                branch=branch.number,
                line=branch.line,
                relay=RelayRef("main", number - 1) if chance.random() < 0.9 else None,
                priority=chance.randint(0, 5),
            )
        )
    outlets[0] = OutletSettings(1, branch=1, line=branches[0].line, relay=RelayRef("main", 0))
    lines = tuple(
        LineSettings(n, phase, rated_current_a=1000.0) for n, phase in enumerate(phases, start=1)
    )
    targets = [Target(TargetKind.UNIT, 1), Target(TargetKind.INLET, 1)]
    targets += [Target(TargetKind.BRANCH, branch.number) for branch in branches]
    targets += [Target(TargetKind.LINE, line.number) for line in lines]
    target = chance.choice(targets)
    cap = CapSettings(1, target=target, limit_w=NO_LIMIT_W, margin=1.0)
    watts = {n: chance.choice((0.0, float(chance.randint(1, 400)))) for n in range(1, count + 1)}
    rack = Rack(settings_of(outlets, [cap], branches, lines), dict(watts))
    for outlet in outlets:
        if outlet.relay is not None and chance.random() < 0.15:
            rack.submit(SetLock(outlet.number, Lock.LOCKED_ON))
    return rack, target


def compared(seed: int, basis: Basis = Basis.NOW) -> Compared:
    """Ask, then set the cap, and look at what went in the next seconds."""
    chance = random.Random(seed)
    rack, target = random_rack(chance)
    rack.run(1.5)
    value_w = rack.core.snapshot.caps[0].value or 0.0
    limit_w = float(chance.randint(1, max(2, int(value_w * 1.1))))
    peaks = dict(rack.loads)
    if basis is Basis.PEAK:
        rack.loads |= {n: round(chance.random() * rack.drawn_w(n), 1) for n in rack.loads}
        rack.run(1.5)
    answer: CapAnswer = cap_answer(rack.core.snapshot, target, limit_w, basis)
    rack.loads |= peaks
    rack.run(1.5)
    said = tuple(each.outlet for each in answer.goes)
    rack.events(OutletShed)
    try:
        rack.submit(ConfigureCap(1, CapSetting.MARGIN, 0.0))
        rack.submit(ConfigureCap(1, CapSetting.LIMIT, limit_w))
    except NotNow:
        return Compared(seed, said, (), refused=True)
    rack.run(4.0)
    shed = [event for event in rack.events(OutletShed) if isinstance(event, OutletShed)]
    return Compared(seed, said, tuple(event.outlet for event in shed), refused=False)


def main() -> int:
    racks = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    found = [compared(seed, tuple(Basis)[seed % 2]) for seed in range(first, first + racks)]
    different = [each for each in found if each.differs]
    for each in different[:10]:
        print(f"seed {each.seed}: said {each.said}, done {each.done}")
    shedding = sum(bool(each.done) for each in found)
    refused = sum(each.refused for each in found)
    print(f"{racks} racks, {shedding} of them shed, {refused} limits refused as out of reach:")
    print(f"{len(different)} differences")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
