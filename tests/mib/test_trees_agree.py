# SPDX-License-Identifier: Apache-2.0
"""One state, many trees: whichever tree switches an outlet, all of them tell the same of it."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from pdu_agent.mib_impl.identity import MIB_NAMES, agent_modules
from pdu_agent.mib_impl.set_errors import SetError
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import Action, Lock, SetLock
from pdu_agent.model.errors import CommandError
from pdu_agent.model.readings import BankLost
from pdu_agent.model.snapshot import Outlet, OutletState
from tests.core.bench import OPS, Workbench
from tests.mib.trees import (
    ENERGY,
    OFF,
    ON,
    OWN,
    SENTRY3,
    SENTRY4,
    TREES,
    UNKNOWN,
    Tree,
    entity,
    sentry,
)
from tests.mib.unit import ACTOR, integer

OUTLETS = 8
ROUNDS = 2000


class Strip:
    """A core with all trees over it."""

    def __init__(self) -> None:
        self.bench = Workbench(OUTLETS, on_delay_s=3, off_delay_s=2, reboot_s=5)
        modules = agent_modules(self.bench.core.uptime_s, SnmpCounters(), mibs=MIB_NAMES)
        self.view = MibView(modules)
        self.writer = MibWriter(self.view, self.bench.core)
        self.away = False

    def read(self, oid: Oid) -> int | None:
        value = self.view.get(oid, self.bench.core.snapshot)
        if not isinstance(value, Value):
            return None
        assert isinstance(value.content, int)
        return value.content

    def set(self, oid: Oid, number: int) -> None:
        """Raises SetError."""
        plan = self.writer.plan([(oid, integer(number))], self.bench.core.snapshot)
        self.writer.submit(plan, ACTOR)

    def order(self, tree: Tree, outlet: int, action: Action) -> None:
        """Raises SetError."""
        self.set(tree.command + tree.index(outlet), tree.orders[action])

    def outlets(self) -> dict[int, Outlet]:
        return {outlet.index: outlet for outlet in self.bench.core.snapshot.outlets}


def expected_state(outlet: Outlet) -> str:
    """By clients' expectations, spelled out once more for the test: orders show their outcome
    at once, delayed ones what was, a reboot off.
    """
    match outlet.state, outlet.pending:
        case (OutletState.ON, _) | (OutletState.ON_PENDING, Action.ON):
            return ON
        case (OutletState.OFF, _) | (OutletState.OFF_PENDING, Action.OFF):
            return OFF
        case OutletState.OFF_PENDING, Action.OFF_DELAYED:
            return ON
        case OutletState.ON_PENDING, Action.ON_DELAYED:
            return OFF
        case OutletState.REBOOTING, _:
            return OFF
    return {True: ON, False: OFF, None: UNKNOWN}[outlet.relay_closed]


def disagreements(strip: Strip, chance: random.Random) -> list[str]:
    """What any tree says otherwise than the state has it, read in random order."""
    looks = [
        (tree, column, outlet, what)
        for tree in TREES
        for what, columns in (("state", tree.states), ("pending", tree.pending))
        for column in columns
        for outlet in range(1, OUTLETS + 1)
    ]
    chance.shuffle(looks)
    found = []
    state = strip.outlets()
    for tree, column, number, what in looks:
        value = strip.read(column.oid(number))
        said = column.words.get(value, f"meaningless {value}")
        outlet = state[number]
        wanted = (
            expected_state(outlet)
            if what == "state"
            else ("no" if outlet.pending is None else "yes")
        )
        if said != wanted:
            found.append(f"{tree.name} {what} of {outlet.state} {outlet.pending}: {said}")
    found += [text for number in state for text in details(strip, state[number])]
    found += masters(strip, state)
    return found


SENTRY3_STATUS = {
    OutletState.ON: 1,
    OutletState.OFF: 0,
    OutletState.ON_PENDING: 3,
    OutletState.OFF_PENDING: 2,
}


def details(strip: Strip, outlet: Outlet) -> list[str]:
    """Columns that know more than on and off."""
    index = sentry(outlet.index)
    found = []
    own = strip.read((*OWN, 7, outlet.index))
    states = list(OutletState)
    if own is None or states[own - 1] is not outlet.state:
        found.append(f"openpdu state {own} of {outlet.state}")
    status = strip.read((*SENTRY3, 2, 3, 1, 5, *index))
    wanted = SENTRY3_STATUS.get(outlet.state)
    if wanted is not None and status != wanted:
        found.append(f"Sentry3 status {status} of {outlet.state}")
    control = strip.read((*SENTRY3, 2, 3, 1, 10, *index))
    locks = {Lock.LOCKED_OFF: 6, Lock.LOCKED_ON: 7}
    at_rest = outlet.state in (OutletState.ON, OutletState.OFF)
    if at_rest and outlet.lock in locks and control != locks[outlet.lock]:
        found.append(f"Sentry3 control {control} of {outlet.lock}")
    if outlet.state is OutletState.REBOOTING and control != 8:
        found.append(f"Sentry3 control {control} of {outlet.state}")
    actions = ((*SENTRY3, 2, 3, 1, 11), (*SENTRY4, 1, 8, 5, 1, 2))
    found += [f"{action} is not none" for action in actions if strip.read(action + index) != 0]
    if at_rest:
        power = strip.read((*ENERGY, 1, 2, 1, 9, *entity(outlet.index)))
        if power != (259 if outlet.state is OutletState.ON else 257):
            found.append(f"EMAN {power} of {outlet.state}")
    return found


def masters(strip: Strip, state: dict[int, Outlet]) -> list[str]:
    texts = []
    for number in (2, 3):
        value = strip.view.get(
            (1, 3, 6, 1, 4, 1, 318, 1, 1, 4, 2, number, 0), strip.bench.core.snapshot
        )
        assert isinstance(value, Value)
        assert isinstance(value.content, bytes)
        texts.append(value.content.decode("ascii"))
    words = [expected_state(outlet) for outlet in state.values()]
    pending = "".join("No  " if each.pending is None else "Yes " for each in state.values())
    found = [] if texts[1] == pending else [f"sPDUMasterPending {texts[1]!r}"]
    if UNKNOWN not in words and texts[0] != "".join(
        {ON: "On  ", OFF: "Off "}[word] for word in words
    ):
        found.append(f"sPDUMasterState {texts[0]!r}")
    return found


def test_all_trees_tell_the_same_whoever_switched() -> None:
    chance = random.Random(4)
    strip = Strip()
    refused = 0
    seen: set[tuple[OutletState, Lock]] = set()
    for round_number in range(ROUNDS):
        tree = chance.choice(TREES)
        outlet = chance.randint(1, OUTLETS)
        strip.bench.board.answers = chance.random() < 0.7
        try:
            strip.order(tree, outlet, chance.choice(list(tree.orders)))
        except SetError:
            refused += 1
        if chance.random() < 0.1:
            lock(strip, outlet, chance)
        if chance.random() < (0.3 if strip.away else 0.02):
            trouble(strip, chance)
        if chance.random() < 0.5:
            strip.bench.settle()
        seen |= {(each.state, each.lock) for each in strip.outlets().values()}
        assert disagreements(strip, chance) == [], f"round {round_number}, after {tree.name}"
        strip.bench.run(chance.choice((0.0, 0.0, 0.1, 0.3, 1.0, 4.0)))
    assert {state for state, _ in seen} == set(OutletState)
    assert {lock for _, lock in seen} == set(Lock)
    assert 0 < refused < ROUNDS / 2


def lock(strip: Strip, outlet: int, chance: random.Random) -> None:
    for wanted in (chance.choice(list(Lock)), Lock.UNLOCKED):
        with suppress(CommandError):  # it does not rest in that state, or the board is away
            strip.bench.core.submit_all([SetLock(outlet, wanted)], OPS)
            return


def trouble(strip: Strip, chance: random.Random) -> None:
    """The board goes away for a while, or comes back with a relay that is stuck."""
    board = strip.bench.board
    strip.bench.queue.clear()
    if strip.away:
        board.stuck = {chance.randrange(OUTLETS)} if chance.random() < 0.5 else set()
        strip.bench.core.on_bank(board.state())
    else:
        strip.bench.core.on_bank_lost(BankLost("main", "no answer"))
    strip.away = not strip.away


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_a_read_that_follows_a_set_at_once_never_tells_the_old_state(tree: Tree) -> None:
    chance = random.Random(5)
    strip = Strip()
    strip.bench.board.answers = False
    stale = 0
    for pair in range(1000):
        outlet = pair % OUTLETS + 1
        action = chance.choice([each for each in tree.orders if each is not Action.CANCEL])
        before = strip.outlets()[outlet]
        strip.order(tree, outlet, action)
        stale += bool(disagreements_of(strip, outlet, action, before))
        if pair % 3 == 0:
            strip.bench.board.answers = True
            strip.bench.run(8.0)
            strip.bench.board.answers = False
    assert stale == 0


def disagreements_of(strip: Strip, number: int, action: Action, before: Outlet) -> list[str]:
    """Columns of any tree that still tell what was before the order."""
    wanted = {Action.ON: ON, Action.OFF: OFF, Action.REBOOT: OFF}.get(action)
    found = []
    for tree in TREES:
        for column in tree.states:
            said = column.words.get(strip.read(column.oid(number)), "meaningless")
            if wanted is not None and said != wanted:
                found.append(f"{tree.name}: {said} after {action} of {before.state}")
        after = strip.outlets()[number]
        for column in tree.pending:
            said = column.words.get(strip.read(column.oid(number)), "meaningless")
            if said != ("no" if after.pending is None else "yes"):
                found.append(f"{tree.name}: pending {said} after {action}")
    return found


def test_the_type_of_a_command_is_integer_in_every_tree() -> None:
    strip = Strip()
    for tree in TREES:
        oid = tree.command + tree.index(1)
        value = strip.view.get(oid, strip.bench.core.snapshot)
        assert isinstance(value, Value), tree.name
        assert value.tag is Tag.INTEGER
