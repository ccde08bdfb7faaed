# SPDX-License-Identifier: Apache-2.0
"""Get, GetNext and GetBulk of AgentX (RFC 2741 section 7.2.3) over the encoded image. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Controller
from pdu_agent.snmp.access import Credential
from pdu_agent.snmp.agentx.codec import (
    AGENTX,
    NETWORK,
    VARBIND_NAME,
    absent,
    end_of_mib_view,
    name_stop,
    read_bulk_numbers,
    read_name,
    split_ranges,
)
from pdu_agent.snmp.image import Image
from pdu_agent.snmp.names import Name
from pdu_agent.snmp.sight import Sight

MAX_BULK_VARBINDS = 2048
"""In one answer to a GetBulk, whatever it asks for."""

_REMEMBERED = 2048
_REMEMBERED_OCTETS = 1 << 18
_BULK_NUMBERS_OCTETS = 4
_SUBIDS = VARBIND_NAME + 4


@dataclass(frozen=True, slots=True)
class _Range:
    """A SearchRange: from `start`, or the instance after it unless `include`, to before `end`.

    encoded: the name of start. end: the octets of its sub-identifiers, none for no end.
    """

    start: Name
    include: bool
    encoded: bytes
    end: bytes


class Reads:
    """What `credential` may read of `view`, each request from one snapshot.

    The methods take the payload of a request, its byte order (codec.NETWORK or LITTLE), and
    return the encoded varbinds of the answer. They raise MalformedPacket, TooManyRanges,
    and what a getter raises.
    """

    def __init__(self, view: MibView, controller: Controller, credential: Credential) -> None:
        self._tree = view.tree
        self._controller = controller
        restricted = None if credential.reads_everything else credential
        image = Image(view, AGENTX)
        self._sight = Sight(image, restricted, controller.snapshot, is_v1=False)
        self._known: dict[bytes, _Range] = {}
        self._octets = 0

    def get(self, payload: bytes, order: str) -> bytes:
        sight = self._looking()
        if order == NETWORK:
            found = sight.found.get(payload)  # most requests have one name
            if found is not None:
                return found
        return b"".join([self._get(sight, item) for item in split_ranges(payload, order)])

    def get_next(self, payload: bytes, order: str) -> bytes:
        sight = self._looking()
        return b"".join([self._after(sight, item, 1)[0] for item in split_ranges(payload, order)])

    def get_bulk(self, payload: bytes, order: str) -> bytes:
        """Row by row; a row that finds nothing at all is the last one."""
        non_repeaters, repetitions = read_bulk_numbers(payload, order)
        items = split_ranges(payload[_BULK_NUMBERS_OCTETS:], order)
        sight = self._looking()
        single, columns = items[:non_repeaters], items[non_repeaters:]
        answers = [self._after(sight, item, 1)[0] for item in single]
        if columns and repetitions:
            repetitions = min(repetitions, max(1, MAX_BULK_VARBINDS // len(columns)))
            answers += self._repeat(sight, columns, repetitions)
        return b"".join(answers)

    def _looking(self) -> Sight:
        self._sight.look_at(self._controller.snapshot)
        return self._sight

    def _get(self, sight: Sight, item: bytes) -> bytes:
        found = sight.found.get(item)
        if found is not None:
            return found
        wanted = self._resolve(item)
        found = sight.get(item, wanted.start)
        return found or absent(wanted.encoded, sight.has_object(wanted.start))

    def _after(self, sight: Sight, item: bytes, count: int) -> list[bytes]:
        """The first varbinds of the range, up to `count`; endOfMibView where there are fewer."""
        wanted = self._resolve(item)
        found = []
        if wanted.include:
            first = sight.get(item, wanted.start)
            found = [] if first is None else [first]
        if len(found) < count:
            found += sight.after(wanted.start, count - len(found))
        if wanted.end:
            found = [varbind for varbind in found if _subids(varbind) < wanted.end]
        if len(found) < count:
            last = _name(found[-1]) if found else wanted.encoded
            found.append(end_of_mib_view(last))
        return found

    def _repeat(self, sight: Sight, items: list[bytes], repetitions: int) -> list[bytes]:
        runs = [self._after(sight, item, repetitions) for item in items]
        height = max(map(len, runs))
        # What is too short ends with an endOfMibView, which stands for all that would follow.
        filled = [run + run[-1:] * (height - len(run)) for run in runs]
        return [varbind for row in zip(*filled, strict=True) for varbind in row]

    def _resolve(self, item: bytes) -> _Range:
        known = self._known.get(item)
        if known is None:
            if len(self._known) >= _REMEMBERED or self._octets > _REMEMBERED_OCTETS:
                self._known.clear()
                self._octets = 0
            known = self._known[item] = self._read_range(item)
            self._octets += len(item)
        return known

    def _read_range(self, item: bytes) -> _Range:
        start, include, position = read_name(item, 0, NETWORK)
        end, _, _ = read_name(item, position, NETWORK)
        encoded = item[: name_stop(item, 0)]
        return _Range(self._tree.locate(start), include, encoded, AGENTX.name(end)[4:])


def _name(varbind: bytes) -> bytes:
    return varbind[VARBIND_NAME : name_stop(varbind, VARBIND_NAME)]


def _subids(varbind: bytes) -> bytes:
    """They sort as the OIDs do: a name is never written with a prefix."""
    return varbind[_SUBIDS : _SUBIDS + 4 * varbind[VARBIND_NAME]]
