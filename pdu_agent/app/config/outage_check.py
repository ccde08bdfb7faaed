# SPDX-License-Identifier: Apache-2.0
"""What is wrong with `outage`: what it names is not there, or what it says never comes true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems
from pdu_agent.core.outage.settings import LowSettings, OutageSettings, ShedStep

_Found = Iterator[tuple[str, str]]


def outage_check(checker: Checker, problems: Problems) -> None:
    """Report it; works on whatever `checker` could read."""
    for path, outage in checker.found("outage"):
        errors = [*_without_ups(checker, path, outage), *_kept(checker, path, outage)]
        warnings = [*_unfed(checker, path, outage), *_early_return(path, outage)]
        for position, step in enumerate(outage.shed):
            where = f"{path}.shed[{position}]"
            errors += _of_step(checker, where, step, outage.low.keep)
            warnings += _too_late(where, step, outage.low)
        for where, text in errors:
            problems.error(checker.place(where), f"{where}: {text}")
        for where, text in warnings:
            problems.warn(checker.place(where), f"{where}: {text}")


def hard_cuts(checker: Checker, problems: Problems) -> None:
    """Warn of outlets that a low battery cuts without telling what they feed."""
    for path, outage in checker.found("outage"):
        if not outage.enabled:
            continue
        hard = [
            outlet.number
            for _, outlet in checker.found("outlets#")
            if outlet.relay is not None
            and outlet.number not in outage.low.keep
            and not (outlet.before_off or outlet.graceful)
        ]
        if hard:
            where = f"{path}.low"
            problems.warn(
                checker.place(where),
                f"{where}: {_named(hard)} without `before_off` and `graceful`: cut at once when "
                "the battery is low",
            )


def _without_ups(checker: Checker, path: str, outage: OutageSettings) -> _Found:
    if outage.enabled and not _fed(checker):
        yield f"{path}.enabled", "no UPS in `upses` feeds an inlet: give one `inlets`"


def _fed(checker: Checker) -> set[int]:
    """The inlets that a UPS feeds."""
    return {inlet for _, ups in checker.found("upses#") for inlet in ups.inlets}


def _of_step(checker: Checker, path: str, step: ShedStep, keep: Sequence[int]) -> _Found:
    if not step.outlets and not step.groups and step.priority is None:
        yield path, "it names nothing that goes off; expected outlets, groups or priority"
    yield from _outlets(checker, f"{path}.outlets", step.outlets)
    for position, number in enumerate(step.outlets):
        if number in keep:
            where = f"{path}.outlets[{position}]"
            yield where, f"outlet {number} is to stay on, by `outage.low.keep`"
    groups = {number for _, number in checker.found("groups#.number")}
    for position, number in enumerate(step.groups):
        if number not in groups:
            yield f"{path}.groups[{position}]", f"there is no group {number} in `groups`"


def _kept(checker: Checker, path: str, outage: OutageSettings) -> _Found:
    yield from _outlets(checker, f"{path}.low.keep", outage.low.keep)


def _outlets(checker: Checker, path: str, named: Sequence[int]) -> _Found:
    outlets = {outlet.number: outlet for _, outlet in checker.found("outlets#")}
    numbers = {number for _, number in checker.found("outlets#.number")}
    for position, number in enumerate(named):
        where = f"{path}[{position}]"
        if number not in numbers:
            yield where, f"there is no outlet {number}"
        elif number in outlets and outlets[number].relay is None:
            yield where, f"outlet {number} is metered only: it has no relay"
        elif number in named[:position]:
            yield where, f"outlet {number} is named twice"


def _unfed(checker: Checker, path: str, outage: OutageSettings) -> _Found:
    """Outlets that are to be shed, and that no UPS feeds."""
    fed = _fed(checker)
    inlets = {outlet.number: outlet.inlet for _, outlet in checker.found("outlets#")}
    for step_position, step in enumerate(outage.shed if fed else ()):
        for position, number in enumerate(step.outlets):
            if number in inlets and inlets[number] not in fed:
                yield (
                    f"{path}.shed[{step_position}].outlets[{position}]",
                    f"no UPS feeds inlet {inlets[number]} of outlet {number}: it is never shed",
                )


def _too_late(path: str, step: ShedStep, low: LowSettings) -> _Found:
    """A condition that comes true no sooner than the battery counts as low."""
    for name in ("charge_pct", "runtime_s", "after_s"):
        own, limit = getattr(step, name), getattr(low, name)
        if own is None or limit is None:
            continue
        if own >= limit if name == "after_s" else own <= limit:
            text = f"{own:g}: at {limit:g} all are shut down already, by `outage.low.{name}`"
            yield f"{path}.{name}", text


def _early_return(path: str, outage: OutageSettings) -> _Found:
    low_pct, back_pct = outage.low.charge_pct, outage.back.charge_pct
    if low_pct is not None and 0 < back_pct <= low_pct:
        yield (
            f"{path}.back.charge_pct",
            f"{back_pct:g}: outlets return while the battery is low still, by "
            f"`outage.low.charge_pct` {low_pct:g}",
        )


def _named(numbers: Sequence[int]) -> str:
    named = ", ".join(str(number) for number in sorted(numbers))
    return f"outlet{'s' if len(numbers) > 1 else ''} {named}"
