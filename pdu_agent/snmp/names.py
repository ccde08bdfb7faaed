# SPDX-License-Identifier: Apache-2.0
"""What the varbinds of read requests name.

Managers ask for the same names again and again, so the octets of a varbind are looked up as
a whole; only what is not known yet is decoded. Order is never judged by octets: those of
sub-identifiers from 16384 up sort differently.
"""

from __future__ import annotations

from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.mib_impl.tree import ObjectTree
from pdu_agent.snmp.ber import OID, SEQUENCE, MalformedMessage, decode_oid, element, enter
from pdu_agent.snmp.envelope import MAX_VARBINDS

NULL_VALUE = b"\x05\x00"

_REMEMBERED = 4096
_REMEMBERED_OCTETS = 1 << 18
"""Of the varbinds; a name that is decoded takes up to twenty times its octets."""

Name = tuple[int, Oid | None]
"""The number of an object in the tree, and what follows its OID. None: the name is not of
an object; the number is then that of the first object after it."""


class Names:
    """Resolves names in `tree`. Remembers a bounded number of varbinds."""

    def __init__(self, tree: ObjectTree) -> None:
        self._tree = tree
        self._known: dict[bytes, Name] = {}
        self._octets = 0

    def split(self, data: bytes, start: int, stop: int) -> list[bytes]:
        """The varbinds in data[start:stop], in shortest form, all known to `resolve` then.

        At most one more than MAX_VARBINDS. Raises MalformedMessage for what is no list of
        names with NULL.
        """
        varbinds: list[bytes] = []
        position = start
        while position < stop and len(varbinds) <= MAX_VARBINDS:
            end = position + 2 + data[position + 1]
            varbind = data[position:end]
            if varbind not in self._known:
                return self._learn(data, start, stop)
            varbinds.append(varbind)
            position = end
        if position > stop:
            raise MalformedMessage("a varbind reaches beyond its list")
        return varbinds

    def resolve(self, varbind: bytes) -> Name:
        return self._known[varbind]

    def _learn(self, data: bytes, position: int, stop: int) -> list[bytes]:
        if len(self._known) > _REMEMBERED or self._octets > _REMEMBERED_OCTETS:
            self._known.clear()
            self._octets = 0
        varbinds: list[bytes] = []
        while position < stop and len(varbinds) <= MAX_VARBINDS:
            start, position = enter(data, position, stop, SEQUENCE)
            name_start, name_stop = enter(data, start, position, OID)
            if data[name_stop:position] != NULL_VALUE:
                raise MalformedMessage("a read request with a value")
            octets = data[name_start:name_stop]
            varbind = element(SEQUENCE, element(OID, octets) + NULL_VALUE)
            if varbind not in self._known:
                oid = decode_oid(octets, 0, len(octets))
                self._known[varbind] = self._tree.locate(oid)
                self._octets += len(varbind)
            varbinds.append(varbind)
        return varbinds
