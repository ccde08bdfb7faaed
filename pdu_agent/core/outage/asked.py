# SPDX-License-Identifier: Apache-2.0
"""What somebody asks to be off until mains is back, such as a server that has shut down.

On mains it is rebooted after its delay. On battery it goes off by the order of who asks, and
belongs to the outage from then on: it returns as what that has switched off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pdu_agent.core.outage.desk import SOURCE, OutageDesk, phase_of
from pdu_agent.core.outage.supplies import Supply
from pdu_agent.core.state import CoreState, plain_actor, reason_of
from pdu_agent.core.switching.groups import members_of
from pdu_agent.core.switching.holds import PERSON, with_hold, without_hold
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    Hold,
    Lock,
    Rank,
    StopUntilMains,
    SwitchGroup,
    SwitchOutlet,
    TargetKind,
)
from pdu_agent.model.control import OutageState
from pdu_agent.model.errors import InvalidValue, NotNow
from pdu_agent.model.record import OutageRecord, TakenRecord


class Asked:
    """Judges such a command on the draft. supplies: what feeds the inlets, by name."""

    def __init__(
        self, desk: OutageDesk, supplies: Mapping[str, Supply], draft: CoreState, actor: Actor
    ) -> None:
        self._desk = desk
        self._supplies = supplies
        self._draft = draft
        self._actor = actor

    def judge(self, command: StopUntilMains) -> Iterator[Command]:
        """Yields what is to be judged in its place. Raises CommandError."""
        number, kind = command.target.index, command.target.kind
        if kind is TargetKind.OUTLET:
            dark = self._dark([number])
            if number not in self._draft.taken:
                action = Action.OFF_DELAYED if dark else Action.REBOOT_DELAYED
                yield SwitchOutlet(number, action, command.delay_s)
        elif kind is TargetKind.GROUP:
            members = members_of(number, self._desk.live.sections, self._draft)
            dark = self._dark(members)
            yield from self._group(command, members, dark)
        else:
            raise InvalidValue(f"{command.target}: an outlet or a group can be off until mains")
        for outlet, ups in dark.items():
            self._take(outlet, ups)

    def _group(
        self, command: StopUntilMains, members: tuple[int, ...], dark: Mapping[int, str]
    ) -> Iterator[Command]:
        """Those on battery go off, the others are rebooted; what is off by an outage stays so."""
        taken = self._draft.taken.keys() & set(members)
        to_go = dark.keys() - taken
        for action, meant in (
            (Action.OFF_DELAYED, to_go),
            (Action.REBOOT_DELAYED, set(members) - taken - to_go),
        ):
            if meant or (action is Action.REBOOT_DELAYED and not members):
                without = tuple(number for number in members if number not in meant)
                number = command.target.index
                yield SwitchGroup(number, action, command.delay_s, without=without)

    def _dark(self, outlets: Iterable[int]) -> dict[int, str]:
        """Those that are switched and on battery, and by what. Raises NotNow if it is disabled."""
        found: dict[int, str] = {}
        for number in outlets:
            settings = self._desk.live.outlets.get(number)
            if settings is None or settings.relay is None:
                continue
            for name, supply in self._supplies.items():
                if settings.inlet in supply.inlets and self._is_dark(supply):
                    found[number] = name
        if found and not self._desk.settings.enabled:
            number, ups = next(iter(found.items()))
            raise NotNow(
                f"outlet {number}: UPS {ups} is on battery, and would feed it again: outages are"
                f" not enabled (outage.enabled), so that nothing brings it back with mains; an off"
                f" switches it off"
            )
        return found

    def _is_dark(self, supply: Supply) -> bool:
        record = self._draft.outages.get(supply.name)
        is_out = record is not None and phase_of(record) is not OutageState.BACK
        return is_out or supply.is_on_battery

    def _take(self, number: int, ups: str) -> None:
        """The order that was accepted becomes one of the outage, and what it led to with it."""
        draft, desk = self._draft, self._desk
        live = draft.outlets[number]
        if number in draft.taken or live.lock is not Lock.UNLOCKED or live.machine.ends_on:
            return
        wall_s = desk.clock.wall_s()
        text = f"to be off until mains is back, asked by {replace(self._actor, because='')}"
        if ups not in draft.outages:  # not confirmed yet: as one whose mains is to stay
            now_s = desk.clock.monotonic_s()
            inlets = self._supplies[ups].inlets
            row = OutageRecord(OutageState.BACK.value, wall_s, now_s, text, inlets=inlets)
            draft.outages[ups] = row
        draft.taken[number] = TakenRecord(ups, wall_s, text)
        actor = desk.actor(ups, text, OutageState.ON_BATTERY)
        if number in draft.stops:
            draft.stops[number] = replace(draft.stops[number], actor=plain_actor(actor))
        live = replace(without_hold(live, PERSON), actor=actor, reason=reason_of(actor))
        hold = Hold(SOURCE, Rank.RULE, False, text, wall_s, desk.ends())
        draft.outlets[number] = with_hold(live, hold)
