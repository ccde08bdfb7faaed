# SPDX-License-Identifier: Apache-2.0
"""Whether each configured UPS can be read as it is configured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pdu_agent.app.doctor.finding import Finding, note, ok, problem
from pdu_agent.model.errors import OpenPduError
from pdu_agent.nut.settings import SIMULATED, UpsSettings

ReadUps = Callable[[UpsSettings], Mapping[str, str]]
_CURES = (
    (
        "refuses the login",
        "put its password and `upsmon secondary` into upsd.users, and reload upsd",
    ),
    ("secret_file", "make the file, for the agent's user alone"),
    ("offers no TLS", "give upsd a certificate (CERTPATH or CERTFILE of upsd.conf), or tls: never"),
    ("not trusted", "name the authority of the server's certificate in ca_file"),
    ("ca_file", "make the file, or leave ca_file out"),
    ("no UPS of that name", "upsc -l SERVER tells which names it has"),
    ("DRIVER-NOT-CONNECTED", "start its driver there: upsdrvctl start"),
    ("DATA-STALE", "look at the cable and at its driver's log there"),
    ("cannot be resolved", "correct the name in `server`, or give its address"),
)
_REACH = "start upsd there (MODE=netserver in nut.conf, LISTEN in upsd.conf), and open its port"


def read_ups(settings: UpsSettings) -> Mapping[str, str]:
    """Raises OpenPduError."""
    # Loaded here: a unit without a UPS has no need of it.
    from pdu_agent.nut.client.probe import read_once

    return read_once(settings)


def check_upses(upses: tuple[UpsSettings, ...], read: ReadUps) -> Iterator[Finding]:
    """The simulated ones are there with the agent only."""
    for ups in upses:
        if ups.server != SIMULATED:
            yield _look(ups, read)


def _look(ups: UpsSettings, read: ReadUps) -> Finding:
    subject = f"ups {ups.name}"
    try:
        variables = read(ups)
    except OpenPduError as exc:
        text = str(exc)
        return problem(subject, text, next((cure for part, cure in _CURES if part in text), _REACH))
    status = variables.get("ups.status", "")
    if not status:
        cure = "wait for its driver; if that stays so, look at the driver's log there"
        return note(subject, f"{ups.there} at {ups.server} tells no ups.status yet", cure)
    return ok(subject, f"{ups.there} at {ups.server} says {status}")
