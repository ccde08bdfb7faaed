# SPDX-License-Identifier: Apache-2.0
"""Hooks of kind fsd: the agent has a server told, and waits; what is no off of an outlet fails."""

from __future__ import annotations

import asyncio

import pytest

from pdu_agent.app.config.hooks import FsdHook, HookEntry
from pdu_agent.app.hook_command import HookFailure
from pdu_agent.app.hooks import HookRunner
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.readings import HookMoment, HookResult, RunHook


class Teller:
    """In place of NUT. error: it is not told. hangs: nor is it ever over."""

    def __init__(self, error: str = "", hangs: bool = False) -> None:
        self.error = error
        self.hangs = hangs
        self.outlets: list[int] = []

    async def tell(self, outlet: int) -> None:
        self.outlets.append(outlet)
        if self.error:
            raise HookFailure(self.error)
        if self.hangs:
            await asyncio.Event().wait()


def results(
    teller: Teller | None,
    wait_s: float = 0.0,
    limit_s: float = 10.0,
    moment: HookMoment = HookMoment.BEFORE_OFF,
    count: int = 1,
) -> list[HookResult]:
    async def once() -> list[HookResult]:
        hook = HookEntry(name="h", kind="fsd", time_limit_s=limit_s, options=FsdHook(wait_s))
        found: asyncio.Queue[HookResult] = asyncio.Queue()
        runner = HookRunner([hook], ManualClock(), found.put_nowait)
        if teller is not None:
            runner.tell_server = teller.tell
        try:
            for number in range(1, count + 1):
                runner.start(RunHook(number, "h", moment, number, "NAS", "ann"))
            async with asyncio.timeout(5):
                return [await found.get() for _ in range(count)]
        finally:
            await runner.stop()

    return asyncio.run(once())


def test_the_server_of_its_outlet_is_told() -> None:
    teller = Teller()
    (result,) = results(teller)
    assert (result.error, teller.outlets) == ("", [1])


def test_it_takes_as_long_as_it_is_to_wait() -> None:
    (result,) = results(Teller(), wait_s=0.2)
    assert result.error == ""
    assert result.seconds >= 0.2


def test_many_servers_wait_at_once() -> None:
    found = results(Teller(), wait_s=0.3, count=12)
    assert [result.error for result in found] == [""] * 12
    assert max(result.seconds for result in found) < 1.0


def test_what_cannot_be_told_is_said() -> None:
    (result,) = results(Teller("no upsd reads the NUT device outlet1"))
    assert result.error == "no upsd reads the NUT device outlet1"


def test_it_has_a_time_limit() -> None:
    (result,) = results(Teller(hangs=True), limit_s=0.1)
    assert result.error == "not told after 0.1 s"


def test_a_unit_that_is_no_nut_device_cannot_tell() -> None:
    (result,) = results(None)
    assert "nut.state_path is empty" in result.error


@pytest.mark.parametrize("moment", [each for each in HookMoment if each.name != "BEFORE_OFF"])
def test_at_any_other_moment_nobody_is_told(moment: HookMoment) -> None:
    teller = Teller()
    (result,) = results(teller, moment=moment)
    assert result.error == f"of kind fsd, which cannot be run {moment.value}"
    assert teller.outlets == []
