# SPDX-License-Identifier: Apache-2.0
"""The API's edits, verbs and configuration on a whole agent: what is answered is what is so."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.system.demo_process import Demo, UnixConnection


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    json: Any


class Api:
    """Requests with headers, over the Unix socket."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = UnixConnection(self.demo.runtime_dir / "api.sock")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        payload = body
        if body is not None and not isinstance(body, bytes):
            payload = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, f"/api/v1{path}", payload, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, json.loads(answer.read() or b"null"))
        finally:
            connection.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with Demo(tmp_path_factory.mktemp("edits")) as demo:
        yield Api(demo)


def test_a_second_on_changes_nothing_and_both_are_verified(api: Api) -> None:
    assert api("POST", "/outlets/5/off", {}).status == 200
    first, second = api("POST", "/outlets/5/on"), api("POST", "/outlets/5/on")
    assert (first.json["changed"], first.json["verified"]) == (True, True)
    assert (second.json["changed"], second.json["verified"]) == (False, True)
    assert first.json["outlet"]["state"] == "on"
    assert first.json["verified_reason"] == "the relay reads back closed"


def test_an_answer_that_may_not_wait_says_that_it_is_not_verified_yet(api: Api) -> None:
    answer = api("POST", "/outlets/6/off?wait_s=0", {}).json
    assert answer["changed"]
    assert answer["verified"] is None
    assert answer["verified_reason"].startswith("not yet")


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("outlets/4", {"name": "lab", "note": "blue", "priority": 3, "power_up": "off"}),
        ("outlets/4", {"min_off_s": 30, "pulse_s": 1.5}),
        ("device", {"location": "rack 4", "sequence_interval_s": 0.5}),
        ("device", {"temperature_scale": "fahrenheit"}),
        ("inlets/1", {"name": "A feed", "rated_current_a": 10.0, "overload_restriction": "none"}),
        ("sensors/1", {"name": "intake"}),
        ("thresholds/outlet/4/active_power", {"high_warning": 400.0, "hysteresis": 5.0}),
        ("thresholds/outlet/4/active_power", {"high_warning": None, "high_critical": 500.0}),
        ("notifications", {"outlet": False}),
    ],
)
def test_a_change_is_answered_and_stays(api: Api, path: str, change: dict[str, Any]) -> None:
    before = api("GET", f"/{path}/settings")
    assert before.status == 200, before.json
    changed = api("PATCH", f"/{path}", change)
    assert changed.status == 200, changed.json
    assert changed.json["settings"] == {**before.json, **change}
    after = api("GET", f"/{path}/settings")
    assert after.json == changed.json["settings"]
    assert after.headers["ETag"] == changed.headers["ETag"]
    again = api("PATCH", f"/{path}", change)
    assert (again.status, again.json["changed"]) == (200, False)


def test_a_change_of_what_somebody_else_has_changed_is_refused(api: Api) -> None:
    tag = api("GET", "/outlets/3/settings").headers["ETag"]
    assert api("GET", "/outlets/3/settings", If_None_Match=tag).status == 304
    mine = api("PATCH", "/outlets/3", {"note": "mine"}, If_Match=tag)
    assert mine.status == 200
    theirs = api("PATCH", "/outlets/3", {"note": "theirs"}, If_Match=tag)
    assert (theirs.status, theirs.json["code"]) == (412, "precondition_failed")
    assert api("GET", "/outlets/3/settings").json["note"] == "mine"
    assert api("GET", "/outlets/3/settings", If_None_Match=tag).status == 200


@pytest.mark.parametrize(
    ("path", "change", "status", "told"),
    [
        ("outlets/4", {}, 422, "at least one of name"),
        ("outlets/4", {"colour": "red"}, 422, "'colour'"),
        ("outlets/4", {"reboot_s": 0}, 422, "reboot_s"),
        ("outlets/4", {"reboot_s": True}, 422, "reboot_s"),
        ("outlets/4", {"reboot_s": [5]}, 422, "reboot_s"),
        ("outlets/4", {"power_up": "maybe"}, 422, "power_up"),
        ("outlets/4", {"before_on": "no such hook"}, 422, "before_on"),
        ("outlets/4", {"name": "x" * 33}, 422, "name"),
        ("outlets/4", {"note": "fine", "priority": 256}, 422, "priority"),
        ("outlets/99", {"name": "x"}, 404, "outlet 99"),
        ("inlets/9", {"name": "x"}, 404, "inlet"),
        ("thresholds/outlet/4/colour", {"delay_s": 1}, 404, "threshold"),
        ("thresholds/outlet/4/current", {"low_warning": 9.0, "high_warning": 1.0}, 409, "below"),
        ("notifications", {"outlet": "yes"}, 422, "true or false"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    api: Api, path: str, change: dict[str, Any], status: int, told: str
) -> None:
    before = api("GET", f"/{path}/settings").json
    refused = api("PATCH", f"/{path}", change)
    assert refused.status == status
    assert told in refused.json["detail"]
    if status != 404:
        assert api("GET", f"/{path}/settings").json == before


def test_a_group_is_made_changed_and_removed(api: Api) -> None:
    made = api("POST", "/groups", {"name": "lab", "outlets": [2, 1]})
    assert made.status == 201, made.json
    path = made.headers["Location"].removeprefix("/api/v1")
    assert made.json["group"]["outlets"] == [1, 2]
    changed = api("PATCH", path, {"outlets": [2, 7]}, If_Match=made.headers["ETag"])
    assert changed.json["settings"] == {"name": "lab", "outlets": [2, 7]}
    assert api("DELETE", path, If_Match=made.headers["ETag"]).status == 412
    assert api("DELETE", path).status == 200
    assert api("GET", path).status == 404


def test_a_group_of_no_outlet_that_exists_is_not_made(api: Api) -> None:
    before = api("GET", "/groups").json["groups"]
    assert api("POST", "/groups", {"outlets": [1, 99]}).status == 404
    assert api("POST", "/groups", {"outlets": "all"}).status == 422
    assert api("POST", "/groups", {"number": 300}).status == 422
    assert len(api("GET", "/groups").json["groups"]) == len(before)


def test_the_audit_log_tells_of_it_page_by_page(api: Api) -> None:
    api("POST", "/outlets/8/lock", {"state": "on"})
    api("POST", "/outlets/8/on", {})
    api("POST", "/outlets/8/unlock", {})
    told = api("GET", "/audit?outlet=8&limit=1&door=cli")
    assert told.status == 200
    (newest,) = told.json["entries"]
    assert (newest["result"], newest["door"]) == ("changed", "cli")
    older = api("GET", f"/audit?outlet=8&limit=5&door=cli&cursor={told.json['next']}").json
    refused = older["entries"][0]
    assert (refused["result"], refused["number"]) == ("refused", newest["number"] - 1)
    assert "locked" in refused["error"]
    assert api("GET", "/audit?since=2999-01-01T00:00:00Z").json["entries"] == []


@pytest.mark.parametrize(
    "query", ["since=yesterday", "outlet=x", "limit=0", "cursor=abc", "colour=red"]
)
def test_a_question_to_the_audit_log_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert api("GET", f"/audit?{query}").status in (404, 422)
