# SPDX-License-Identifier: Apache-2.0
"""Rights as settings state them: `rights`, and in `outlets` other ones for some outlets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.errors import ConfigError

MAX_OUTLET = 255
"""OPENPDU-MIB OpduOutletNumber."""

OTHERS = "others"
OUTLETS_EXPECTED = f"a number from 1 to {MAX_OUTLET}, a range such as 4-6, or {OTHERS}"
_OUTLETS = re.compile(r"(\d{1,3})(?:\s*-\s*(\d{1,3}))?", re.ASCII)


def outlet_span(text: str) -> range:
    """The outlets that "3" or "4-6" name; none for "others". Raises ConfigError."""
    if text == OTHERS:
        return range(0)
    match = _OUTLETS.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= MAX_OUTLET:
        raise ConfigError(f"outlets {text!r}: expected {OUTLETS_EXPECTED}")
    return range(first, last + 1)


def grant_of(rights: Rights, outlets: Mapping[str, Rights]) -> Grant:
    """What may be done, with ranges of outlets taken apart. Raises ConfigError."""
    by_number = {number: on for text, on in outlets.items() for number in outlet_span(text)}
    return Grant(rights, outlets.get(OTHERS, rights), by_number)


def check_spans(what: str, spans: Iterable[str]) -> None:
    """Raises ConfigError, which says `what` it is about, unless each outlet is named once."""
    seen: set[int] = set()
    for text in spans:
        try:
            span = outlet_span(text)
        except ConfigError as exc:
            raise ConfigError(f"{what}: {exc}") from None
        if not seen.isdisjoint(span):
            raise ConfigError(f"{what}: outlets: {min(seen & {*span})} is named twice")
        seen.update(span)
