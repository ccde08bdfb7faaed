# SPDX-License-Identifier: Apache-2.0
"""Types of the model that the file writes as one word: a relay, a metering point, a date."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from pdu_agent.core.calendar.settings import DateSpan
from pdu_agent.core.costs.money import Price, parse_price
from pdu_agent.core.metered.tariffs import ClockTime
from pdu_agent.core.settings import RelayRef
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.io_line import IoLine


@dataclass(frozen=True, slots=True)
class Word:
    """expected: the end of a sentence "expected ...". read: raises ValueError."""

    expected: str
    read: Callable[[str], Any]


def _relay(text: str) -> RelayRef:
    match = re.fullmatch(r"(.+)\.([0-9]{1,3})", text)
    if match is None:
        raise ValueError
    return RelayRef(match[1], int(match[2]))


def _io_line(text: str) -> IoLine:
    relay = _relay(text)
    return IoLine(relay.bank, relay.relay)


def _target(text: str) -> Target:
    match = re.fullmatch(
        r"(inlet|line|branch|outlet|sensor|residual|group|unit) +([1-9][0-9]{0,3})", text
    )
    if match is None:
        raise ValueError
    return Target(TargetKind(match[1]), int(match[2]))


def _clock_time(text: str) -> ClockTime:
    match = re.fullmatch(r"([01][0-9]|2[0-4]):([0-5][0-9])", text)
    minute = int(match[1]) * 60 + int(match[2]) if match else math.inf
    if minute > 24 * 60:
        raise ValueError
    return ClockTime(int(minute))


def _date(text: str) -> date:
    if not re.fullmatch(r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        raise ValueError
    return date.fromisoformat(text)


def _date_span(text: str) -> DateSpan:
    first, dots, last = text.partition("..")
    try:
        return DateSpan(_date(first), _date(last if dots else first))
    except ConfigError as exc:  # it ends first
        raise ValueError from exc


def _local_time(text: str) -> datetime:
    day, _, clock = text.partition(" ")
    minute = _clock_time(clock).minute
    return datetime.combine(_date(day), time(*divmod(minute, 60)))


WORDS: dict[type, Word] = {
    RelayRef: Word("a board and its relay counted from 0, such as main.0", _relay),
    IoLine: Word("a board of `io` and its line counted from 0, such as panel.4", _io_line),
    Target: Word("what is measured, such as inlet 1, branch 2 or outlet 3", _target),
    ClockTime: Word("a time of day, from 00:00 to 24:00", _clock_time),
    date: Word("a date from 2000 to 2199, such as 2026-12-24", _date),
    DateSpan: Word("a date, or two in order, such as 2026-12-24..2027-01-06", _date_span),
    datetime: Word("a date and a time of day, such as 2026-12-24 18:00", _local_time),
    Price: Word("an amount with up to 6 decimals, such as 0.3125", parse_price),
}
