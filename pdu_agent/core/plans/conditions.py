# SPDX-License-Identifier: Apache-2.0
"""Whether a plan may run now. What is not known stands in its way: nothing is guessed."""

from __future__ import annotations

from pdu_agent.core.metered.values import Values
from pdu_agent.core.plans.hosts import HostAnswers
from pdu_agent.core.plans.settings import HostCondition, PlanConditions, SensorCondition
from pdu_agent.core.watching.limits import UNIT
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.ups import Ups, UpsFlag

_ANY = Quantity.TEMPERATURE
"""A sensor has one value, whatever it is asked for."""


def obstacle(conditions: PlanConditions, values: Values, answers: HostAnswers) -> str:
    """Why the plan may not run now, in words; empty where it may."""
    found = _battery(values.upses) if conditions.not_on_battery else ""
    found = found or (_load(conditions, values) if conditions.has_load else "")
    for sensor in conditions.sensors:
        found = found or _sensor(sensor, values)
    for host in conditions.hosts:
        found = found or _host(host, answers)
    return found


def _battery(upses: tuple[Ups, ...]) -> str:
    if not upses:
        return "no UPS tells whether it runs on battery"
    for ups in upses:
        if not ups.is_reachable:
            return f"UPS {ups.name} cannot be reached: it may run on battery"
        if UpsFlag.ON_BATTERY in ups.flags:
            return f"UPS {ups.name} runs on battery"
        if UpsFlag.ON_LINE not in ups.flags:
            return f"UPS {ups.name} does not say that it has mains"
    return ""


def _load(conditions: PlanConditions, values: Values) -> str:
    target = conditions.load_of or UNIT
    what = "the unit's load" if target == UNIT else f"the load of {target}"
    value_w = values.of(target, Quantity.ACTIVE_POWER)
    return _beyond(what, value_w, conditions.load_below_w, conditions.load_above_w, " W")


def _sensor(condition: SensorCondition, values: Values) -> str:
    target = Target(TargetKind.SENSOR, condition.sensor)
    return _beyond(str(target), values.of(target, _ANY), condition.below, condition.above, "")


def _beyond(
    what: str, value: float | None, below: float | None, above: float | None, unit: str
) -> str:
    if value is None:
        return f"{what} is not known"
    if below is not None and not value < below:
        return f"{what} is {value:.4g}{unit}, not below {below:g}"
    if above is not None and not value > above:
        return f"{what} is {value:.4g}{unit}, not above {above:g}"
    return ""


def _host(condition: HostCondition, answers: HostAnswers) -> str:
    answered = answers.of(condition.host)
    if answered is None:
        return f"it is not known yet whether {condition.host} answers"
    if answered is condition.answers:
        return ""
    return f"{condition.host} {'answers' if answered else 'does not answer'}"
