# SPDX-License-Identifier: Apache-2.0
"""The doctor on UPSes: each thing that is wrong with one, and its cure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pdu_agent.app.doctor.finding import Level
from pdu_agent.app.doctor.upses import check_upses, read_ups
from pdu_agent.model.errors import OpenPduError
from pdu_agent.nut.client.protocol import Refused
from pdu_agent.nut.client.server import Unusable
from pdu_agent.nut.settings import UpsSettings

RACK = UpsSettings("rack", "127.0.0.1:1")


def test_one_that_answers_is_in_order() -> None:
    (found,) = check_upses((RACK,), lambda _: {"ups.status": "OL"})
    assert (found.level, found.text) == (Level.OK, "rack at 127.0.0.1:1 says OL")


def test_one_without_a_status_is_noted() -> None:
    (found,) = check_upses((RACK,), lambda _: {"device.model": "x"})
    assert found.level is Level.NOTE


def test_the_simulated_one_is_there_with_the_agent_only() -> None:
    assert list(check_upses((UpsSettings("rack", "sim"),), read_ups)) == []


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (Refused("UNKNOWN-UPS"), "upsc -l"),
        (Refused("DRIVER-NOT-CONNECTED"), "upsdrvctl start"),
        (Refused("DATA-STALE"), "cable"),
        (Unusable("x refuses the login of me"), "upsmon secondary"),
        (Unusable("x offers no TLS, and tls is verified"), "CERTPATH"),
        (Unusable("the certificate of x is not trusted: y"), "ca_file"),
    ],
)
def test_what_is_wrong_has_a_cure(error: OpenPduError, cure: str) -> None:
    def read(_: UpsSettings) -> Mapping[str, str]:
        raise error

    (found,) = check_upses((RACK,), read)
    assert (found.level, found.text) == (Level.PROBLEM, str(error))
    assert cure in found.cure


def test_it_is_really_tried(tmp_path: Path) -> None:
    (found,) = check_upses((RACK,), read_ups)
    assert "nothing listens at 127.0.0.1:1" in found.text
    assert "start upsd" in found.cure
    secret = tmp_path / "ups.secret"
    odd = UpsSettings("rack", "no.such.host.invalid:1", user="me", secret_file=str(secret))
    (found,) = check_upses((odd,), read_ups)
    assert "cannot be resolved" in found.text
