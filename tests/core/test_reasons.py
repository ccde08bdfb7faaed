# SPDX-License-Identifier: Apache-2.0
"""What a change of an outlet is put down to."""

from __future__ import annotations

import pytest

from pdu_agent.core.state import reason_of
from pdu_agent.model.actor import Actor
from pdu_agent.model.snapshot import ChangeReason


@pytest.mark.parametrize("face", ["on battery", "low battery", "mains back"])
def test_what_an_outage_does_has_a_reason_of_its_own(face: str) -> None:
    assert reason_of(Actor(face, "rack", because="mains was lost")) is ChangeReason.OUTAGE


@pytest.mark.parametrize(
    ("actor", "reason"),
    [
        (Actor("safety", "trip"), ChangeReason.OVERCURRENT),
        (Actor("safety", "cap 1"), ChangeReason.LOAD_SHEDDING),
        (Actor("safety", "fire"), ChangeReason.OTHER),
        (Actor("nut", "pdu"), ChangeReason.NUT),
        (Actor("a face of another version"), ChangeReason.OTHER),
    ],
)
def test_the_reason_tells_who_it_was(actor: Actor, reason: ChangeReason) -> None:
    assert reason_of(actor) is reason
