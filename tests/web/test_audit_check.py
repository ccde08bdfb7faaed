# SPDX-License-Identifier: Apache-2.0
"""Whether the audit log is whole, over the API."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.errors import StoreError
from pdu_agent.store.audit_chain import START
from pdu_agent.store.audit_check import Problem, Verdict
from pdu_agent.web.services import Services
from tests.web.fake_agent import FakeController
from tests.web.pages.browsing import TENANT, VIEWER, page

PATH = "/api/v1/audit/check"


def verdict(*problems: str) -> Verdict:
    rows = tuple(Problem(Path("x"), 1, number, text) for number, text in enumerate(problems, 5))
    return Verdict(1, replace(START, number=9), START, 0, rows)


def test_a_log_that_is_whole_is_told_so() -> None:
    status, text = page(FakeController(), PATH, VIEWER, Services(check_audit=verdict))
    assert status == 200
    assert json.loads(text) == {"whole": True, "first": 1, "newest": 9, "problems": []}


def test_what_was_changed_is_named_up_to_a_bound() -> None:
    services = Services(check_audit=lambda: verdict(*(["altered"] * 25)))
    plain = json.loads(page(FakeController(), PATH, VIEWER, services)[1])
    assert plain["whole"] is False
    assert plain["problems"][0] == {"number": 5, "text": "altered"}
    assert len(plain["problems"]) == 20


def test_a_log_that_cannot_be_read_is_no_whole_log() -> None:
    def fails() -> Verdict:
        raise StoreError("the card is gone")

    assert page(FakeController(), PATH, VIEWER, Services(check_audit=fails))[0] == 503


def test_who_does_not_see_everything_does_not_see_the_log() -> None:
    assert page(FakeController(), PATH, TENANT, Services(check_audit=verdict))[0] == 403
    unit = replace(VIEWER, grant=Grant(Rights.READ, Rights.READ, {3: Rights.NONE}))
    assert page(FakeController(), PATH, unit, Services(check_audit=verdict))[0] == 403
