# SPDX-License-Identifier: Apache-2.0
"""Entity tags: settings are changed as they were read, or not at all."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from pdu_agent.web.etags import check_if_match, etag_of, is_known
from pdu_agent.web.problems import Problem

TAG = etag_of({"name": "web", "reboot_s": 5})
OTHER = etag_of({"name": "web", "reboot_s": 6})


def test_a_tag_is_strong_and_does_not_depend_on_the_order_of_keys() -> None:
    assert etag_of({"reboot_s": 5, "name": "web"}) == TAG
    assert TAG != OTHER
    assert TAG.startswith('"')
    assert TAG.endswith('"')


@pytest.mark.parametrize("sent", [None, "*", TAG, f"{OTHER}, {TAG}", f" {TAG} ,{OTHER}"])
def test_a_change_goes_on_where_nothing_else_is_meant(sent: str | None) -> None:
    headers = {} if sent is None else {"If-Match": sent}
    check_if_match(make_mocked_request("PATCH", "/", headers), TAG)


@pytest.mark.parametrize("sent", [OTHER, f"W/{TAG}", "", TAG.strip('"'), f'"a" {TAG}'])
def test_a_change_of_something_else_is_refused(sent: str) -> None:
    with pytest.raises(Problem) as caught:
        check_if_match(make_mocked_request("PATCH", "/", {"If-Match": sent}), TAG)
    assert caught.value.status == 412


@pytest.mark.parametrize(("sent", "known"), [("*", True), (TAG, True), (f"W/{TAG}", True)])
def test_what_is_known_is_not_sent_again(sent: str, known: bool) -> None:
    assert is_known(make_mocked_request("GET", "/", {"If-None-Match": sent}), TAG) is known
    assert not is_known(make_mocked_request("GET", "/", {"If-None-Match": OTHER}), TAG)
    assert not is_known(make_mocked_request("GET", "/"), TAG)
