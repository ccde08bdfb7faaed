# SPDX-License-Identifier: Apache-2.0
"""The unit as one NUT device: variables, instant commands and writes, within its rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pdu_agent.access.grant import EVERY_OUTLET
from pdu_agent.access.needs import require
from pdu_agent.access.outlet_rights import grant_of
from pdu_agent.model.commands import Actor, Command, Controller
from pdu_agent.model.errors import CommandError, NotPermitted, UnknownTarget
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.nut.device import Variable
from pdu_agent.nut.names.instant import Instant, instants, is_offered
from pdu_agent.nut.names.published import Published
from pdu_agent.nut.names.tables import TABLES, driver_table
from pdu_agent.nut.settings import NutSettings


class PduDevice:
    """A NutDevice. address: of its socket, for the audit log. Raises ConfigError for rights on
    outlets that are none. What was asked and refused here is in the audit log too.
    """

    def __init__(self, controller: Controller, settings: NutSettings, address: str = "") -> None:
        self._controller = controller
        self._name = settings.name
        self._actor = Actor("nut", settings.name, address)
        self._grant = grant_of(settings.rights, settings.outlets)
        tables = (driver_table(settings.driver), *TABLES)
        self._published = Published(tables, self._grant)
        self._instants: Mapping[str, Instant] = {}
        self._offered: tuple[str, ...] = ()
        self._shape: object = None

    @property
    def name(self) -> str:
        return self._name

    def variables(self) -> Mapping[str, Variable]:
        return self._published.variables(self._controller.snapshot)

    def commands(self) -> tuple[str, ...]:
        self._look(self._controller.snapshot)
        return self._offered

    def instruct(self, command: str, value: str | None) -> None:
        snapshot = self._controller.snapshot
        asked = f"{command} {value}" if value else command
        try:
            instant = self._known(command, snapshot)
            if not self._grant.allows(instant.guard, EVERY_OUTLET):
                raise NotPermitted(f"{command}: {instant.guard.value} is not granted everywhere")
            # Before the value: who may not do it is not told what it takes.
            require(self._grant, [instant.make(None)], snapshot)
            commands = [instant.command(value)]
        except CommandError as error:
            self._refused(asked, error)
            raise
        self._submit(commands)

    def write(self, variable: str, value: str) -> None:
        snapshot = self._controller.snapshot
        try:
            command = self._published.command(variable, value, snapshot)
            if command is None:
                raise UnknownTarget(f"{variable[:80]!r} is no variable that can be written")
            require(self._grant, [command], snapshot)
        except CommandError as error:
            self._refused(f"set {variable} to {value}", error)
            raise
        self._submit([command])

    def _look(self, snapshot: Snapshot) -> None:
        """Renew the commands if there are others now."""
        shape = _shape(snapshot)
        if shape != self._shape:
            self._shape, self._instants = shape, instants(snapshot)
            self._offered = tuple(
                sorted(
                    name
                    for name, instant in self._instants.items()
                    if is_offered(instant, self._grant, snapshot)
                )
            )

    def _known(self, command: str, snapshot: Snapshot) -> Instant:
        self._look(snapshot)
        found = self._instants.get(command.lower())
        if found is None:
            raise UnknownTarget(f"{command[:80]!r} is no instant command of this unit")
        return found

    def _submit(self, commands: Sequence[Command]) -> None:
        self._controller.submit_all(commands, self._actor)

    def _refused(self, asked: str, error: CommandError) -> None:
        self._controller.note_refusal(asked[:200], self._actor, str(error))


def _shape(snapshot: Snapshot) -> object:
    """All that the offered commands depend on besides the rights."""
    return (
        tuple((outlet.index, outlet.switched) for outlet in snapshot.outlets),
        tuple((group.index, group.members) for group in snapshot.groups),
        len(snapshot.inlets),
    )
