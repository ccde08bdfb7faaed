# SPDX-License-Identifier: Apache-2.0
"""The Python client against a scripted unit: tries, secrets, certificates, bad answers."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.client import BadAnswer, Curve, Event, Refused, Unit, Unreachable
from pdu_agent.client.stream import Parser
from tests.client_library.scripted_unit import (
    HANG_UP,
    ScriptedUnit,
    own_certificate,
    scripted_unit,
)

BUSY = (503, {"code": "busy", "detail": "later"}, {})
OUTLET: dict[str, Any] = {
    "number": 3,
    "name": "NAS",
    "state": "off",
    "lock": "none",
    "pending": None,
    "meter": {"active_power_w": 0.0, "current_a": None, "energy_wh": 12.5},
}
SWITCHED = (
    200,
    {"changed": True, "verified": True, "verified_reason": "read back", "outlet": OUTLET},
    {},
)


def unit(at: ScriptedUnit, **options: Any) -> Unit:
    return Unit(f"http://127.0.0.1:{at.port}", sleep=lambda _: None, **options)


def test_a_command_says_whether_anything_changed_and_was_seen_to() -> None:
    with scripted_unit(SWITCHED) as at, unit(at, token="secret") as it:
        done = it.off(3, wait_s=5)
    assert (done.changed, done.verified, done.reason) == (True, True, "read back")
    assert (done.outlet.name, done.outlet.is_on, done.outlet.current_a) == ("NAS", False, None)
    (asked,) = at.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/outlets/3/off?wait_s=5")
    assert asked.headers["authorization"] == "Bearer secret"


def test_a_command_whose_answer_is_lost_is_repeated_under_the_same_key() -> None:
    with scripted_unit(HANG_UP, BUSY, SWITCHED) as at, unit(at) as it:
        assert it.off(3).changed
    keys = {asked.headers["idempotency-key"] for asked in at.asked}
    assert (len(at.asked), len(keys)) == (3, 1)


def test_two_commands_have_two_keys() -> None:
    with scripted_unit(SWITCHED, SWITCHED) as at, unit(at) as it:
        it.off(3)
        it.off(3)
    assert len({asked.headers["idempotency-key"] for asked in at.asked}) == 2


def test_what_has_no_key_is_tried_once() -> None:
    with scripted_unit(HANG_UP) as at, unit(at) as it:
        with pytest.raises(Unreachable):
            it.patch("outlets/3", {"name": "x"}, etag='"1"')
        (asked,) = at.asked
    assert (asked.method, asked.headers["if-match"]) == ("PATCH", '"1"')


def test_a_unit_that_stays_busy_is_given_up() -> None:
    with (
        scripted_unit(BUSY, BUSY, BUSY) as at,
        unit(at) as it,
        pytest.raises(Refused, match="later") as refusal,
    ):
        it.get("status")
    assert (refusal.value.code, refusal.value.status) == ("busy", 503)


def test_a_refusal_is_not_repeated() -> None:
    locked = (409, {"code": "outlet_locked", "detail": "outlet 3 is locked", "outlet": 3}, {})
    with scripted_unit(locked) as at, unit(at) as it, pytest.raises(Refused) as refusal:
        it.on(3)
    assert (refusal.value.code, refusal.value.plain["outlet"]) == ("outlet_locked", 3)


@pytest.mark.parametrize("answer", [b"<html>", b"\xff", b""])
def test_what_is_no_json_is_a_bad_answer(answer: bytes) -> None:
    with scripted_unit((200, answer, {})) as at, unit(at) as it, pytest.raises(BadAnswer):
        it.get("status")


def test_json_of_somebody_else_is_a_bad_answer() -> None:
    others = (200, {"outlets": [{"id": 1}]}, {})
    with scripted_unit(others) as at, unit(at) as it, pytest.raises(BadAnswer):
        it.outlets()


def test_user_and_password_become_a_session_that_is_left() -> None:
    session = (200, {"csrf_token": "prove it"}, {"Set-Cookie": "openpdu_session=abc; HttpOnly"})
    gone = (204, b"", {})
    who = {"user": "ops", "password": "secret"}
    with scripted_unit(session, SWITCHED, gone) as at, unit(at, **who) as it:
        it.on(3)
    login, command, leave = at.asked
    assert login.path == "/api/v1/session"
    assert b'"password": "secret"' in login.body
    assert command.headers["cookie"] == "openpdu_session=abc"
    assert command.headers["x-csrf-token"] == "prove it"
    assert (leave.method, leave.path) == ("DELETE", "/api/v1/session")


def test_no_secret_leaves_the_machine_in_the_clear() -> None:
    with pytest.raises(ValueError, match="https"):
        Unit("http://pdu.example", token="secret")


@pytest.mark.parametrize("address", ["pdu.example", "ftp://pdu", "https://", "unix:relative"])
def test_an_address_that_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"expected|missing"):
        Unit(address)


def test_a_certificate_is_vouched_for_by_a_file_or_known_itself(tmp_path: Path) -> None:
    file, fingerprint = own_certificate(tmp_path)
    answers = [(200, {"outlets": []}, {})] * 2
    with scripted_unit(*answers, certificate=file) as at:
        address = f"https://127.0.0.1:{at.port}"
        with Unit(address, ca_file=str(file)) as it:
            assert it.outlets() == []
        with Unit(address, fingerprint=fingerprint.upper()) as it:
            assert it.outlets() == []


def test_an_unknown_certificate_is_not_spoken_to(tmp_path: Path) -> None:
    file, _ = own_certificate(tmp_path)
    with scripted_unit(certificate=file) as at:
        address = f"https://127.0.0.1:{at.port}"
        with Unit(address, sleep=lambda _: None) as it, pytest.raises(Unreachable):
            it.outlets()
        other = Unit(address, fingerprint="0" * 64, sleep=lambda _: None)
        with other as it, pytest.raises(Unreachable, match="another certificate"):
            it.outlets()
    assert at.asked == []


def test_history_keeps_its_gaps() -> None:
    plain = {
        "start": "2026-03-01T00:00:00.000Z",
        "step_s": 60,
        "unit": "W",
        **{name: [1.0, None] for name in ("minimum", "average", "maximum", "last")},
    }
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    with scripted_unit((200, plain, {})) as at, unit(at) as it:
        curve = it.history("outlet:3", "active_power_w", begin, begin.replace(hour=1))
    values = (1.0, None)
    assert curve == Curve(begin, 60, "W", values, values, values, values)
    assert "from=2026-03-01T00%3A00%3A00%2B00%3A00" in at.asked[0].path
    assert "points" not in at.asked[0].path


def test_a_time_without_a_zone_is_refused() -> None:
    with scripted_unit() as at, unit(at) as it, pytest.raises(ValueError, match="zone"):
        it.history("outlet:3", "active_power_w", datetime(2026, 3, 1), datetime(2026, 4, 1))


def test_energy_is_asked_for_by_days() -> None:
    with scripted_unit((200, {"periods": []}, {})) as at, unit(at) as it:
        assert it.energy(date(2026, 3, 1), date(2026, 3, 31)) == {"periods": []}
    assert at.asked[0].path.endswith("?step=day&from=2026-03-01&to=2026-03-31")


STREAM = b': hello\n\nid: 7\nevent: state\ndata: {"a":\ndata: 1}\n\nid: 8\nevent: state\ndata: {"a"'


def test_a_stream_that_breaks_off_goes_on_after_the_last_whole_event() -> None:
    rest = b'id: 8\nevent: alarm\ndata: {"b": 2}\n\n'
    slept: list[float] = []
    with scripted_unit((200, STREAM, {}), BUSY_STREAM, (200, rest, {})) as at:
        it = Unit(f"http://127.0.0.1:{at.port}", sleep=slept.append)
        events = it.events(("state", "alarms"))
        assert next(events) == Event("7", "state", {"a": 1})
        with pytest.raises(Refused):
            next(events)
        again = it.events(("state", "alarms"), last_event_id="7")
        assert next(again) == Event("8", "alarm", {"b": 2})
        again.close()
    assert at.asked[0].path == "/api/v1/stream?topics=state%2Calarms"
    assert [asked.headers.get("last-event-id") for asked in at.asked] == [None, "7", "7"]
    assert slept == [0.5]


BUSY_STREAM = (401, {"code": "not_authenticated", "detail": "log in"}, {})


def test_an_event_of_nonsense_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        list(Parser().events([b"data: x\n", b"\n"]))


def test_the_client_loads_nothing_of_the_agent() -> None:
    probe = "import sys, pdu_agent.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    own = {name for name in loaded if name.startswith("pdu_agent.")}
    assert all(name.startswith("pdu_agent.client") for name in own)
    assert not {"aiohttp", "numpy", "asyncio", "yaml"} & loaded
