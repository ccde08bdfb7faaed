# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an answer to a broken packet."""

from __future__ import annotations

from collections.abc import Iterator

from tests.snmp import ber
from tests.snmp.answers import Answer, open_answer
from tests.snmp.faults import USM_STATS, Fault, Outcome, Target
from tests.snmp.usm_client import REPORTABLE

COMMUNITY_LIMIT = 1472
UNPROVEN_LIMIT, UNPROVEN_FACTOR = 484, 3
V3_LIMIT = 8192


def complaints(fault: Fault, packet: bytes, answer: bytes | None, target: Target) -> list[str]:
    """Everything wrong with what came back for `packet`; empty if nothing is."""
    if answer is None:
        return [] if Outcome.SILENCE in fault.outcomes else ["no answer"]
    try:
        opened = open_answer(answer, target.users)
    except ValueError as exc:
        return [f"malformed answer: {exc}"]
    return [*_wrong_kind(fault, opened), *_too_large(fault, packet, answer)]


def outcome(answer: Answer) -> Outcome:
    if answer.tag == ber.REPORT:
        return Outcome.REPORT
    return Outcome.REFUSAL if answer.status else Outcome.RESPONSE


def _wrong_kind(fault: Fault, answer: Answer) -> Iterator[str]:
    found = outcome(answer)
    if found not in fault.outcomes:
        yield f"{found.value} where only {sorted(o.value for o in fault.outcomes)} is right"
    if answer.security is not None and answer.security.flags & REPORTABLE:
        yield "an answer that asks for Reports (RFC 3412 section 6.4)"
    if (answer.version == 3) != fault.is_v3:
        yield f"answer in version {answer.version}"
    if found is not Outcome.REPORT:
        return
    names = [name for name, _, _ in answer.varbinds]
    if fault.report is not None and names != [(*USM_STATS, fault.report, 0)]:
        yield f"a Report of {names} where usmStats {fault.report} was due"
    if [tag for _, tag, _ in answer.varbinds] != [0x41]:
        yield "a Report of something else than one Counter32"


def _too_large(fault: Fault, packet: bytes, answer: bytes) -> Iterator[str]:
    limit = V3_LIMIT if fault.is_v3 else COMMUNITY_LIMIT
    if fault.is_v3 and not fault.trusted:
        limit = min(UNPROVEN_LIMIT, UNPROVEN_FACTOR * len(packet))
    if fault.room is not None:
        limit = min(limit, fault.room)
    if len(answer) > limit:
        yield f"answer of {len(answer)} octets to a packet of {len(packet)}, limit {limit}"
