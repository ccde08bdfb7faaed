# SPDX-License-Identifier: Apache-2.0
"""Rights on the unit, on one outlet, and on all others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.grant import Grant, Rights

LADDER = ["none", "read", "switch", "write"]

rights = st.sampled_from(Rights)
outlets = st.dictionaries(st.integers(1, 8), rights, max_size=4)
grants = st.builds(Grant, rights, rights, outlets)


def test_the_words_are_those_of_the_configuration() -> None:
    assert [entry.value for entry in Rights] == LADDER


@given(rights, rights)
def test_rights_include_those_before_them(held: Rights, needed: Rights) -> None:
    enough = LADDER.index(held.value) >= LADDER.index(needed.value)
    assert held.cover(needed) == enough


@pytest.mark.parametrize(
    ("needed", "outlet", "allowed"),
    [
        (Rights.READ, None, True),
        (Rights.SWITCH, None, False),
        (Rights.SWITCH, 3, True),
        (Rights.WRITE, 3, False),
        (Rights.WRITE, 4, True),
        (Rights.READ, 5, False),
        (Rights.READ, 0, False),
        (Rights.NONE, 5, True),
    ],
)
def test_a_tenant_has_what_was_granted_and_no_more(
    needed: Rights, outlet: int | None, allowed: bool
) -> None:
    tenant = Grant(Rights.READ, Rights.NONE, {3: Rights.SWITCH, 4: Rights.WRITE})
    assert tenant.allows(needed, outlet) == allowed
    assert not tenant.reads_everything


@given(rights, st.none() | st.integers(0, 300), rights)
def test_a_grant_everywhere_is_the_same_everywhere(
    held: Rights, outlet: int | None, needed: Rights
) -> None:
    assert Grant.everywhere(held).allows(needed, outlet) == held.cover(needed)


@given(grants)
def test_who_reads_everything_is_refused_no_read(grant: Grant) -> None:
    places = [None, *range(20)]  # 9 and up are always among the others
    assert grant.reads_everything == all(grant.allows(Rights.READ, place) for place in places)


@given(grants, st.none() | st.integers(0, 20))
def test_whoever_may_do_more_may_do_less(grant: Grant, outlet: int | None) -> None:
    allowed = [grant.allows(Rights(word), outlet) for word in LADDER]
    assert allowed == sorted(allowed, reverse=True)
    assert allowed[0]
