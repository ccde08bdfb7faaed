# SPDX-License-Identifier: Apache-2.0
"""The `rules` and `hosts` sections: what is watched, and what is done when it comes true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum

from pdu_agent.core.settings import LARGEST_LIMIT, MAX_SENSORS
from pdu_agent.model.commands import Action, Quantity, Target, TargetKind
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting
from pdu_agent.model.size import LAST_GROUP, MAX_OUTLETS
from pdu_agent.model.snapshot import Severity
from pdu_agent.model.ups import UpsFlag

MAX_RULES = 128
MAX_HOSTS = 64
MAX_ACTIONS = 16
DAY_S = 86_400
VALUE_FOR_S = 5.0
"""Default of for_s and ends_after_s where a value is compared: noise is shorter."""
ANY_UPS = "any"

FLAGS = {flag.name.lower(): flag for flag in UpsFlag}
"""What the file calls the flags of a UPS: on_battery, low_battery and so on."""
SWITCHES = {"on": Action.ON, "off": Action.OFF, "reboot": Action.REBOOT}


class TriggerKind(Enum):
    VALUE = "value"
    STATE = "state"
    LOW_DRAW = "low draw"
    CONTACT = "contact"
    UPS = "ups"
    HOST = "host"


_KEYS_OF: dict[TriggerKind, tuple[str, ...]] = {
    TriggerKind.VALUE: ("target", "quantity", "above", "below", "hysteresis"),
    TriggerKind.STATE: ("outlet", "state"),
    TriggerKind.LOW_DRAW: ("outlet", "draws_below_w", "armed_above_w", "hysteresis", "boot_s"),
    TriggerKind.CONTACT: ("sensor", "contact"),
    TriggerKind.UPS: ("ups", "flag"),
    TriggerKind.HOST: ("host", "failures", "boot_s", "answers_first"),
}
_EXPECTED = (
    "one of `target` with `above` or `below`, `outlet` with `state` or `draws_below_w`, "
    "`sensor` with `contact`, `ups` with `flag`, `host`"
)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One entry of `hosts`: a machine that rules may watch."""

    name: str = setting(max_length=32, doc="what rules call it")
    address: str = setting(max_length=255, doc="name or address; an address needs no resolver")
    probe: str = setting("ping", choices=("ping", "tcp"), doc="how it is asked")
    port: int = setting(0, minimum=0, maximum=65_535, doc="that tcp connects to")
    interval_s: float = setting(10.0, minimum=1, maximum=3600, doc="from one attempt to the next")
    timeout_s: float = setting(2.0, minimum=0.1, maximum=60, doc="silence that is a failure")

    def __post_init__(self) -> None:
        if not self.name or not self.address:
            raise ConfigError("name and address: neither may be empty")
        if (self.probe == "tcp") is not (self.port > 0):
            raise ConfigError(f"port: {self.port} with probe {self.probe}; only tcp needs one")
        if self.timeout_s > self.interval_s:
            raise ConfigError(
                f"timeout_s: {self.timeout_s:g} exceeds interval_s, {self.interval_s:g}"
            )


@dataclass(frozen=True, slots=True)
class TriggerSettings:
    """`when` of a rule: exactly one kind of trigger, and what goes with it."""

    target: Target | None = setting(
        None, doc="what has the value, such as sensor 1, outlet 3, group 2 or unit 1"
    )
    quantity: Quantity | None = setting(None, doc="which value of it; of a sensor its own")
    above: float | None = setting(
        None, minimum=-LARGEST_LIMIT, maximum=LARGEST_LIMIT, doc="true at or above this"
    )
    below: float | None = setting(
        None, minimum=-LARGEST_LIMIT, maximum=LARGEST_LIMIT, doc="true at or below this"
    )
    hysteresis: float = setting(
        0.0, minimum=0, maximum=LARGEST_LIMIT, doc="how far the value has to come back"
    )
    outlet: int | None = setting(None, minimum=1, maximum=MAX_OUTLETS)
    state: str = setting("", choices=("on", "off", "fault"), doc="true while the outlet is so")
    draws_below_w: float | None = setting(
        None, minimum=0, maximum=LARGEST_LIMIT, doc="true when it draws this or less"
    )
    armed_above_w: float | None = setting(
        None,
        minimum=0,
        maximum=LARGEST_LIMIT,
        doc="and has drawn this or more since it came on; default twice draws_below_w",
    )
    sensor: int | None = setting(None, minimum=1, maximum=MAX_SENSORS, doc="contact or water")
    contact: str = setting("", choices=("closed", "open", "wet", "dry"), doc="true while it is so")
    ups: str = setting("", max_length=64, doc=f"its name, or {ANY_UPS}")
    flag: str = setting("", choices=tuple(FLAGS), doc="true while the UPS says so")
    host: str = setting("", max_length=32, doc="name of one of `hosts`")
    failures: int = setting(
        3, minimum=1, maximum=1000, doc="true after so many attempts in a row without an answer"
    )
    boot_s: float = setting(
        120.0,
        minimum=0,
        maximum=7200,
        doc="how long after its outlet came on a device may boot, and nothing counts",
    )
    answers_first: bool = setting(
        True, doc="nothing counts before the host has answered once since the agent started"
    )

    @property
    def kind(self) -> TriggerKind:
        """Raises ConfigError where that cannot be told."""
        named = [
            kind
            for kind, is_meant in (
                (TriggerKind.VALUE, self.target is not None),
                (TriggerKind.LOW_DRAW, self.outlet is not None and self.draws_below_w is not None),
                (TriggerKind.STATE, self.outlet is not None and self.state),
                (TriggerKind.CONTACT, self.sensor is not None and self.contact),
                (TriggerKind.UPS, self.ups and self.flag),
                (TriggerKind.HOST, self.host),
            )
            if is_meant
        ]
        if len(named) != 1:
            what = " and ".join(kind.value for kind in named) or "nothing"
            raise ConfigError(f"{what} is watched; expected {_EXPECTED}")
        return named[0]

    @property
    def border(self) -> float | None:
        """Of a value or a low draw: beyond it the trigger is true."""
        if self.draws_below_w is not None:
            return self.draws_below_w
        return self.above if self.above is not None else self.below

    @property
    def arms_at_w(self) -> float:
        """Of a low draw: what the device draws when it is in use."""
        return self.armed_above_w if self.armed_above_w is not None else 2 * (self.border or 0.0)

    def __post_init__(self) -> None:
        kind = self.kind
        self._refuse_strangers(kind)
        if kind is TriggerKind.VALUE and (self.above is None) is (self.below is None):
            raise ConfigError(f"{self.target}: expected either above or below")
        is_sensor = self.target is not None and self.target.kind is TargetKind.SENSOR
        if kind is TriggerKind.VALUE and self.quantity is None and not is_sensor:
            raise ConfigError(f"{self.target}: expected a quantity, such as active power")
        if kind is TriggerKind.LOW_DRAW and self.arms_at_w <= (self.border or 0) + self.hysteresis:
            raise ConfigError(
                f"armed_above_w: {self.arms_at_w:g} does not exceed draws_below_w and hysteresis"
            )

    def _refuse_strangers(self, kind: TriggerKind) -> None:
        """What is given and belongs to another kind would be ignored, and somebody relies on it."""
        for name, default in _BLANK.items():
            if name not in _KEYS_OF[kind] and getattr(self, name) != default:
                raise ConfigError(f"{name}: does not go with {_KEYS_OF[kind][0]}")


_BLANK = {each.name: each.default for each in fields(TriggerSettings)}


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """One of a rule's actions: switch outlets or a group, raise an alarm, or run a hook."""

    switch: str = setting("", choices=tuple(SWITCHES), doc="outlets or a group")
    outlets: tuple[int, ...] = setting((), minimum=1, maximum=MAX_OUTLETS, max_length=MAX_OUTLETS)
    group: int | None = setting(None, minimum=1, maximum=LAST_GROUP, doc="in place of outlets")
    alarm: str = setting(
        "", choices=tuple(each.value for each in Severity), doc="raised until the rule ends"
    )
    text: str = setting("", max_length=128, doc="of the alarm; default: what has happened")
    hook: str = setting("", max_length=32, doc="name of one of `hooks`")

    def __post_init__(self) -> None:
        given = [word for word in (self.switch, self.alarm, self.hook) if word]
        if len(given) != 1:
            raise ConfigError("expected one of switch, alarm, hook")
        named = bool(self.outlets), self.group is not None
        if bool(self.switch) is not any(named) or all(named):
            raise ConfigError("expected either outlets or group, and only beside switch")
        if self.text and not self.alarm:
            raise ConfigError("text: goes with alarm")

    @property
    def action(self) -> Action | None:
        return SWITCHES.get(self.switch)


def _actions(doc: str) -> tuple[ActionSettings, ...]:
    value: tuple[ActionSettings, ...] = setting((), max_length=MAX_ACTIONS, doc=doc)
    return value


@dataclass(frozen=True, slots=True)
class MissingSettings:
    """`on_missing` of a rule: what it does when it cannot see any more; an alarm in any case."""

    after_s: float = setting(60.0, minimum=0, maximum=DAY_S, doc="without a value")
    then: tuple[ActionSettings, ...] = _actions("fail-safe; without any, all stays as it is")


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """One entry of `rules`."""

    name: str = setting(max_length=32, doc="unique; what logs and commands call it")
    when: TriggerSettings = setting(doc="what is watched")
    then: tuple[ActionSettings, ...] = setting(max_length=MAX_ACTIONS, doc="done when it is true")
    enabled: bool = setting(True, doc="until somebody enables or disables it")
    for_s: float | None = setting(
        None,
        minimum=0,
        maximum=DAY_S,
        doc="how long it has to be true; default 5 s for values, else 0",
    )
    ends_after_s: float | None = setting(
        None, minimum=0, maximum=DAY_S, doc="how long it has to be over; default as for for_s"
    )
    keep: bool = setting(False, doc="while it is true no schedule switches its outlets back")
    otherwise: tuple[ActionSettings, ...] = _actions("done when it is over")
    on_missing: MissingSettings = setting(MissingSettings(), doc="when nothing is seen any more")
    not_more_often_s: float = setting(
        0.0, minimum=0, maximum=DAY_S, doc="least time from one `then` to the next"
    )
    times_per_day: int = setting(0, minimum=0, maximum=1000, doc="limit of `then`; 0 is none")
    again_after_s: float = setting(
        0.0,
        minimum=0,
        maximum=DAY_S,
        doc="while it stays true act again, each time after twice as long; 0: once only",
    )

    def __post_init__(self) -> None:
        if not self.name.strip() or "/" in self.name:
            raise ConfigError(f"name: {self.name!r}; expected some text without /")
        if not self.then:
            raise ConfigError("then: expected at least one action")
        if self.keep:
            self._check_keep()
        if self.again_after_s and self.when.kind is TriggerKind.LOW_DRAW:
            raise ConfigError("again_after_s: a low draw ends as soon as the outlet is off")

    def _check_keep(self) -> None:
        if self.when.kind is TriggerKind.LOW_DRAW:
            raise ConfigError("keep: a low draw ends as soon as the outlet is off")
        if any(each.switch == "reboot" for each in self.then):
            raise ConfigError("keep: a reboot keeps nothing")
        if not any(each.switch for each in self.then):
            raise ConfigError("keep: `then` switches nothing that could be kept")

    @property
    def begins_after_s(self) -> float:
        return self._default_s() if self.for_s is None else self.for_s

    @property
    def over_after_s(self) -> float:
        return self._default_s() if self.ends_after_s is None else self.ends_after_s

    def _default_s(self) -> float:
        compares = self.when.kind in (TriggerKind.VALUE, TriggerKind.LOW_DRAW)
        return VALUE_FOR_S if compares else 0.0

    def every_action(self) -> Iterator[ActionSettings]:
        yield from self.then
        yield from self.otherwise
        yield from self.on_missing.then
