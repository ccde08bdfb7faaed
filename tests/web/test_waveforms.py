# SPDX-License-Identifier: Apache-2.0
"""What the API makes of a waveform, and of the want of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.model.errors import Unavailable, UnknownTarget
from pdu_agent.model.waves import Wave
from tests.web import fake_agent
from tests.web.fake_agent import running_agent


def test_a_waveform_has_volts_and_amperes_from_the_crossing_on(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        shown = agent.local("GET", "/api/v1/outlets/1/waveform").json
    assert shown["number"] == 1
    assert shown["crossing_at"] == "2027-01-15T08:00:00.000Z"
    assert (shown["cycles"], shown["frequency_hz"], shown["rate_hz"]) == (2, 50.0, 8000.0)
    assert shown["first_s"] == 0.0000313
    assert shown["voltage_v"][:2] == [10.0, -10.0]
    assert len(shown["current_a"]) == len(shown["voltage_v"]) == 320
    assert (shown["quality"], shown["clipped"]) == ("ok", False)


@pytest.mark.parametrize("path", ["outlets/77", "inlets/x", "lines/9", "outlets/01"])
def test_what_is_not_there_has_none(tmp_path: Path, path: str) -> None:
    with running_agent(tmp_path) as agent:
        answer = agent.local("GET", f"/api/v1/{path}/waveform")
    assert answer.status == 404
    assert "there is no" in answer.json["detail"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(UnknownTarget, 404, "unknown_target"), (Unavailable, 503, "unavailable")],
)
def test_why_there_is_none_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[UnknownTarget] | type[Unavailable],
    status: int,
    code: str,
) -> None:
    async def refuse(target: object) -> tuple[float, Wave]:
        raise error(f"{target} shows nothing")

    monkeypatch.setattr(fake_agent, "shown_wave", refuse)
    with running_agent(tmp_path) as agent:
        answer = agent.local("GET", "/api/v1/lines/2/waveform")
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["detail"] == "line 2 shows nothing"
