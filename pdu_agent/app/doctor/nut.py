# SPDX-License-Identifier: Apache-2.0
"""Whether the agent can make the sockets through which upsd finds the unit."""

from __future__ import annotations

import grp
from collections.abc import Iterator

from pdu_agent.app.doctor.cures import join
from pdu_agent.app.doctor.finding import Finding, ok, problem
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.nut.settings import NutSettings


def check_nut(machine: Machine, settings: NutSettings) -> Iterator[Finding]:
    """Nothing where there is no NUT device."""
    folder = settings.state_path
    if not folder:
        return
    if not machine.exists(folder):
        yield problem(
            "nut",
            f"there is no folder {folder} (nut.state_path)",
            "apt-get install nut-server, or name the STATEPATH of upsd.conf",
        )
    elif not machine.may_use(machine.at(folder)):
        yield problem(
            "nut",
            f"{folder} may not be written by user {machine.user.name}",
            join(machine, machine.group_of(folder)),
        )
    else:
        yield from _check_group(machine, settings)


def _check_group(machine: Machine, settings: NutSettings) -> Iterator[Finding]:
    """Of the sockets: without it they are for the agent's user alone, and upsd has another."""
    user, group = machine.user, settings.group
    try:
        if not group or user.may_give_to(grp.getgrnam(group).gr_gid):
            yield ok("nut", f"sockets for upsd can be made in {settings.state_path}")
            return
    except KeyError:
        yield problem(
            "nut",
            f"no group is called {group} (nut.group)",
            "apt-get install nut-server, or name the group that upsd runs as",
        )
        return
    yield problem(
        "nut",
        f"user {user.name} is not in group {group} (nut.group): upsd cannot connect to its sockets",
        join(machine, group),
    )
