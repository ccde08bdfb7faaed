# SPDX-License-Identifier: Apache-2.0
"""Commands on their way: judged, recorded, told to everybody, and done to the relays."""

from __future__ import annotations

from collections.abc import Sequence

from pdu_agent.core.current import CurrentSnapshot
from pdu_agent.core.parts import Parts
from pdu_agent.core.publish import Publisher
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.arbiter import Batch
from pdu_agent.core.switching.switching import Circumstances
from pdu_agent.core.switching.waiting import about_to_close
from pdu_agent.model.commands import Action, Actor, Command, Rank, SwitchOutlet, Ticket
from pdu_agent.model.errors import CommandError, StoreError, Unavailable
from pdu_agent.model.events import CommandAccepted, CommandFailed


class Orders:
    """The only way on which a command becomes state. See Controller for `check` and `submit`."""

    def __init__(self, parts: Parts, publisher: Publisher, shown: CurrentSnapshot) -> None:
        self._parts = parts
        self._publisher = publisher
        self._shown = shown
        self._ticket = 0
        self._is_judging = False

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        try:
            self._judge(commands, actor)
        except CommandError as exc:
            self._parts.audit.refused(commands, actor, self._parts.state, exc)
            raise

    def submit(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        parts = self._parts
        now_s = parts.clock.monotonic_s()
        before = parts.state.draft()
        try:
            batch = self._judge(commands, actor)
            after = batch.draft
            changed = self._accept(commands, actor, before, after)
        except CommandError as exc:
            parts.audit.refused(commands, actor, before, exc)
            raise
        self._ticket += 1
        self._tell(commands, actor, batch)
        if _settings(after) != _settings(before):
            parts.thresholds.renew(self._publisher.sources())
        parts.points.after_reset(before.ledgers)
        parts.watch_sums()
        parts.banks.announce(before.outlets)
        self.move_relays()
        return Ticket(self._ticket, now_s, changed, batch.left)

    def move_relays(self) -> None:
        """All that is about to close is judged before any of it does: a batch that holds something
        back moves nothing itself.
        """
        if self._is_judging:
            return
        parts = self._parts
        queue = about_to_close(parts.state, parts.live)
        if queue:
            self._is_judging = True
            try:
                parts.control.hold_back(queue, self.submit)
            finally:
                self._is_judging = False
        parts.ratings.look()
        parts.banks.move_relays(parts.clock.monotonic_s())

    def _judge(self, commands: Sequence[Command], actor: Actor) -> Batch:
        parts = self._parts
        if parts.keeper.trouble and not _is_urgent(commands, actor):
            raise Unavailable(
                f"commands are refused until the state can be stored: {parts.keeper.trouble}"
            )
        around = Circumstances(
            parts.clock.monotonic_s(),
            parts.clock.wall_s(),
            parts.banks.trouble(),
            parts.thresholds.passed,
        )
        batch = Batch(parts.sections, parts.state, actor, around)
        batch.add_judges(parts.control.judges(batch.draft, actor, around))
        batch.judge(commands)
        return batch

    def _tell(self, commands: Sequence[Command], actor: Actor, batch: Batch) -> None:
        wall_s, publish = self._parts.clock.wall_s(), self._parts.publish
        publish(CommandAccepted(wall_s, tuple(commands), actor))
        for outlet, why in batch.over_budget.items():
            publish(CommandFailed(wall_s, outlet, why))

    def _accept(
        self, commands: Sequence[Command], actor: Actor, before: CoreState, after: CoreState
    ) -> bool:
        """Make the draft the state, once it is recorded; whether that changes what anybody sees.

        Raises Unavailable, then all is as before. The audit comes first: a line too many is
        followed by the one that says refused, but no relay moves without a line. Only an off for
        safety does not wait for a store: what cannot be written makes an alarm, and is written
        once that is possible again.
        """
        changed = after != before
        tells_news = changed and after.tells_news(before)
        is_urgent, missing = _is_urgent(commands, actor), None
        audit, state = self._parts.audit, self._parts.state
        try:
            audit.accepted(commands, actor, before, after, tells_news)
        except StoreError as exc:
            if not is_urgent:
                raise _not_recorded(exc) from exc
            missing = exc
        if changed:
            state.adopt(after)
            self._save(before, is_urgent)
        if missing is not None:  # only now: its alarm is part of the state
            audit.missing(missing)
        if changed:
            self._note_changes(before, after)
        return tells_news

    def _save(self, before: CoreState, is_urgent: bool) -> None:
        """Raises Unavailable, then all is as before; never where it is urgent."""
        if is_urgent:
            self._parts.keeper.save_quietly(flush=True)
            return
        try:
            self._parts.keeper.save(flush=True)
        except StoreError as exc:
            self._parts.state.adopt(before)
            raise _not_recorded(exc) from exc

    def _note_changes(self, before: CoreState, after: CoreState) -> None:
        self._shown.outdate()
        if _settings(after) != _settings(before):
            self._parts.live.renew(after.overrides, after.groups)
            self._shown.note_config()
        if _members(after) != _members(before):
            self._shown.topology += 1


def _is_urgent(commands: Sequence[Command], actor: Actor) -> bool:
    """Is it an off for safety, such as of a low battery? That something goes on never is."""
    switches = [command for command in commands if isinstance(command, SwitchOutlet)]
    return actor.rank is Rank.SAFETY and all(command.action is Action.OFF for command in switches)


def _not_recorded(error: StoreError) -> Unavailable:
    return Unavailable(f"the command could not be recorded: {error}")


def _settings(state: CoreState) -> tuple[object, object]:
    """What is set at run time."""
    return state.overrides, state.groups


def _members(state: CoreState) -> dict[int, tuple[int, ...]]:
    return {number: group.members for number, group in state.groups.items()}
