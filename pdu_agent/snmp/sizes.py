# SPDX-License-Identifier: Apache-2.0
"""How many octets varbinds take in BER, computed without encoding them."""

from __future__ import annotations

from collections.abc import Iterable

from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import Absence

Answered = tuple[Oid, Value | Absence]
"""An instance and its value, or what a response says in place of one."""


def varbinds_octets(varbinds: Iterable[Answered]) -> int:
    """Octets of the varbinds alone, without the header of their list."""
    return sum(map(varbind_octets, varbinds))


def varbind_octets(varbind: Answered) -> int:
    name, value = varbind
    return _element(_element(_oid_octets(name)) + _element(_content_octets(value)))


def _element(content: int) -> int:
    """Octets of a whole element with that much content."""
    if content < 0x80:
        return 2 + content
    return 2 + (content.bit_length() + 7) // 8 + content


def _content_octets(value: Value | Absence) -> int:
    if isinstance(value, Absence) or value.content is None:
        return 0
    if isinstance(value.content, int):
        return _integer_octets(value.content)
    if value.tag is Tag.OBJECT_IDENTIFIER:
        return _oid_octets(tuple(value.content))
    return len(value.content)


def _integer_octets(number: int) -> int:
    # Two's complement: one bit more than the magnitude, in whole octets.
    return (number if number >= 0 else ~number).bit_length() // 8 + 1


def _oid_octets(oid: Oid) -> int:
    # The first two sub-identifiers share one number (X.690 section 8.19.4).
    subids = (oid[0] * 40 + oid[1], *oid[2:]) if len(oid) > 1 else oid
    return sum((subid.bit_length() + 6) // 7 or 1 for subid in subids)
