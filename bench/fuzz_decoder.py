# SPDX-License-Identifier: Apache-2.0
"""Coverage-guided fuzzing of everything that decodes what strangers send, by hand.

    python -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris
    PYTHONPATH=.venv/lib/python3.11/site-packages /tmp/fuzz/bin/python bench/fuzz_decoder.py \\
        -max_total_time=600 -max_len=1500 /tmp/corpus

The corpus folder is filled with one valid and some broken messages of each kind when it is
empty. The first octet of an input says what the others are: a datagram, the request in a
v1 or v2c message, or the scoped PDU under a right digest, in plain or encrypted. Anything that
raises, or answers with what the tests' strict decoder does not accept, ends the run.
"""

from __future__ import annotations

import contextlib
import logging
import random
import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found]
import repository  # noqa: F401

with atheris.instrument_imports(include=["pdu_agent"]):
    from pdu_agent.snmp import v3_message
    from pdu_agent.snmp.ber import MalformedMessage, decode_oid, header, integer_at
    from pdu_agent.snmp.envelope import open_envelope
    from tests.snmp.rig import Rig

from tests.snmp import ber
from tests.snmp.answers import open_answer
from tests.snmp.faults import SYS_DESCR, Target
from tests.snmp.fuzz import READER, WRITER, target_of
from tests.snmp.mutations import CLASSES
from tests.snmp.mutations_v3 import order
from tests.snmp.usm_client import Usm

DATAGRAM, REQUEST_V1, REQUEST_V2C, SCOPED, SCOPED_SECRET = range(5)
SEEDS_OF_A_CLASS = 3


class Decoders:
    """One input at a time into each decoder, and into an engine that lives on."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.target: Target = target_of(self.rig)
        self._random = random.Random(0)

    def feed(self, data: bytes) -> None:
        if not data:
            return
        packet = self._packet(data[0] % 5, data[1:])
        for decode in (open_envelope, v3_message.parse, self._elements):
            with contextlib.suppress(MalformedMessage):
                decode(packet)
        answer = self.rig.process(packet)
        if answer is not None:
            open_answer(answer, [READER, WRITER])
        self.rig.core.submitted.clear()
        self.rig.core.actors.clear()

    def _packet(self, kind: int, data: bytes) -> bytes:
        if kind == DATAGRAM:
            return data
        if kind in (SCOPED, SCOPED_SECRET):
            user: Usm = READER if kind == SCOPED else WRITER
            return order(self._random, self.target, user, scoped=data).encode()
        head = ber.encode(ber.integer(kind - REQUEST_V1)) + ber.encode(ber.string(b"private"))
        return b"\x30" + ber.length(len(head) + len(data)) + head + data

    def _elements(self, data: bytes) -> None:
        """Every element that the agent's own reader finds, as a number and as a name."""
        position = 0
        while position < len(data):
            _, start, stop = header(data, position, len(data))
            for decode in (integer_at, decode_oid):
                with contextlib.suppress(MalformedMessage):
                    decode(data, position if decode is integer_at else start, stop)
            position = stop


def seed(folder: Path, decoders: Decoders) -> None:
    """Inputs to start from: a few packets of each fault class, and valid requests."""
    rng = random.Random(0)
    request = ber.encode(ber.request(ber.GET_BULK, [SYS_DESCR, (1, 3)], index=5))
    scoped = order(rng, decoders.target, READER).scoped_pdu()
    inputs = [bytes((kind,)) + request for kind in (REQUEST_V1, REQUEST_V2C)]
    inputs += [bytes((kind,)) + scoped for kind in (SCOPED, SCOPED_SECRET)]
    for fault in CLASSES.values():
        for _ in range(SEEDS_OF_A_CLASS):
            inputs.append(bytes((DATAGRAM,)) + fault.make(rng, decoders.target))
    for number, content in enumerate(inputs):
        (folder / f"seed{number:04}").write_bytes(content)


def main() -> None:
    logging.disable(logging.CRITICAL)
    decoders = Decoders()
    folders = [Path(text) for text in sys.argv[1:] if not text.startswith("-")]
    for folder in folders[:1]:
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()):
            seed(folder, decoders)
    atheris.Setup(sys.argv, decoders.feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
