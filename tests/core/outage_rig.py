# SPDX-License-Identifier: Apache-2.0
"""A workbench that a UPS feeds: mains that fails, loads that shut down, an agent that restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pdu_agent.core.outage.settings import LowSettings, OutageSettings, ReturnSettings, ShedStep
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms
from pdu_agent.model.commands import Actor, Target, TargetKind
from pdu_agent.model.control import Outage
from pdu_agent.model.readings import HookMoment, HookResult, RunHook
from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import Workbench

CONFIRM_S = 5.0
ON, BATTERY = UpsFlag.ON_LINE, UpsFlag.ON_BATTERY
LOW_BATTERY, FORCED = UpsFlag.LOW_BATTERY, UpsFlag.FORCED_SHUTDOWN
RULE = Actor("rule", "r")
PLAN = Actor("schedule", "night")
HOOKS = (HookTerms("bye", 30.0),)
GRACEFUL = GracefulSettings(idle_below_w=5.0, idle_for_s=5.0, time_limit_s=60.0)


def ups_row(
    *flags: UpsFlag,
    name: str = "rack",
    inlets: tuple[int, ...] = (1,),
    is_silent: bool = False,
    **values: Any,
) -> Ups:
    silent_s = 1.0 if is_silent else None
    return Ups(1, name, "", "", "", frozenset(flags), {}, silent_s, 0.0, inlets=inlets, **values)


def outage(
    *shed: ShedStep, low: LowSettings | None = None, back: ReturnSettings | None = None
) -> OutageSettings:
    return OutageSettings(True, CONFIRM_S, shed, low or LowSettings(), back or ReturnSettings())


class Rig:
    """more: as of Workbench. `made` is the agent that runs now."""

    def __init__(self, settings: OutageSettings, **more: Any) -> None:
        self.more = {"outage": settings, "outlets": 4, "hooks": HOOKS, **more}
        self.boots = 1
        self.made = Workbench(**self.more)
        self.mains()
        self.made.run(1)

    # -- the UPS ------------------------------------------------------------------------

    def tell(self, *rows: Ups) -> None:
        self.rows = rows
        self.made.core.on_upses(rows)
        self.made.run(0.01)

    def mains(self, **values: Any) -> None:
        self.tell(ups_row(ON, **values))

    def battery(self, *flags: UpsFlag, **values: Any) -> None:
        self.tell(ups_row(BATTERY, *flags, **values))

    def fail(self, *flags: UpsFlag, **values: Any) -> None:
        """Mains is lost, and that is confirmed."""
        self.battery(*flags, **values)
        self.made.run(CONFIRM_S + 0.1)

    # -- the agent ----------------------------------------------------------------------

    def restart(self, away_s: float = 2.0, hears: bool = True) -> None:
        """The process dies and is started again; the board keeps its power."""
        self._born(away_s)
        if hears:
            self.tell(*self.rows)

    def lose_power(self, away_s: float = 600.0, hears: bool = False) -> None:
        """Unit and relays lose their power, and have it again."""
        self.made.board.relays = [False] * len(self.made.board.relays)
        self.made.board.cold = True
        self.boots += 1
        self._born(away_s)
        if hears:
            self.tell(*self.rows)

    def _born(self, away_s: float) -> None:
        old = self.made
        old.clock.advance(away_s)
        record = from_plain(to_plain(old.saved[-1].record))
        own = {"clock": old.clock, "board": old.board, "record": record}
        self.made = Workbench(**{**self.more, **own, "boot_id": f"boot-{self.boots}"})
        self.made.run(1)

    def configure(self, settings: OutageSettings) -> None:
        self.more["outage"] = settings
        renewed = replace(self.made.settings, outage=settings)
        self.made.core.renew(renewed, Actor("cli", "root"))
        self.made.run(1)

    # -- loads --------------------------------------------------------------------------

    def draw(self, seconds: float, **watts: float) -> None:
        """A reading of each outlet each second: o3=40.0."""
        for _ in range(round(seconds)):
            for name, value in watts.items():
                number = int(name[1:])
                closed = self.made.board.relays[number - 1]
                target = Target(TargetKind.OUTLET, number)
                self.made.read(target, active_power_w=value if closed else 0.0)
            self.made.run(1)

    def running(self) -> list[int]:
        """The outlets whose before_off hook was begun."""
        return [
            each.outlet
            for each in self.made.hooks
            if isinstance(each, RunHook) and each.moment is HookMoment.BEFORE_OFF
        ]

    def hook_ends(self, outlet: int, error: str = "") -> None:
        runs = [each for each in self.made.hooks if isinstance(each, RunHook)]
        run = next(each for each in reversed(runs) if each.outlet == outlet)
        self.made.core.on_hook(HookResult(run.id, run.hook, error, 1.0))
        self.made.run(0.01)

    # -- what is seen -------------------------------------------------------------------

    def on(self) -> list[int]:
        return [number for number, closed in enumerate(self.made.board.relays, 1) if closed]

    def moves(self) -> list[tuple[int, bool]]:
        return [(relay + 1, closed) for _, relay, closed in self.made.board.moves]

    def row(self) -> Outage | None:
        rows = self.made.core.snapshot.outages
        return rows[0] if rows else None

    def holds(self) -> dict[int, str]:
        rows = self.made.core.snapshot.outlets
        return {row.index: row.holds[0].rank.name for row in rows if row.holds}
