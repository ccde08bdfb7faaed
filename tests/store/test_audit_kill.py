# SPDX-License-Identifier: Apache-2.0
"""The audit log of a process that is killed at any moment, and one that is read while it grows."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from pdu_agent.model.record import Record
from pdu_agent.store.audit_check import read_lines, verify
from pdu_agent.store.audit_file import AuditFile
from pdu_agent.store.files import FileOps
from pdu_agent.store.tier import Tier

WRITER = """
import sys
from pathlib import Path
from pdu_agent.model.audit import AuditEntry, AuditResult
from pdu_agent.model.commands import Actor
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import ChangeReason
from pdu_agent.store.record_store import RecordStore

store = RecordStore(Path(sys.argv[1]), Path(sys.argv[2]), lambda error: None)
found = store.load().record
seq = found.seq if found else 0
store.begin_audit("80001f88")
number = int(sys.argv[3])
while True:
    number, seq = number + 1, seq + 1
    actor = Actor("snmp", "ops")
    store.append_audit(
        AuditEntry(1e9, actor, ChangeReason.SNMP, str(number), (), AuditResult.CHANGED)
    )
    record = Record(seq=seq, engine_id=b"x")
    store.save(record)
    store.request_flush(record)
    print(number, flush=True)  # acknowledged
"""


def test_a_killed_process_loses_no_acknowledged_line(tmp_path: Path) -> None:
    runtime, state = tmp_path / "run", tmp_path / "state"
    rng = random.Random(11)
    acknowledged = 0
    for _ in range(5):
        arguments = (str(runtime), str(state), str(acknowledged))
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            for _ in range(rng.randint(1, 150)):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read()
        written = [line.plain.get("asked") for line in read_lines(runtime, state)]
        numbers = [int(asked) for asked in written if asked]
        printed = [int(line) for line in rest.split()]
        acknowledged = max([acknowledged, *printed])
        assert verify(runtime, state).problems == ()
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= acknowledged
        acknowledged = len(numbers)
    assert acknowledged > 5


def test_a_log_that_grows_and_turns_is_whole_whenever_it_is_read(tmp_path: Path) -> None:
    runtime, state = tmp_path / "run", tmp_path / "state"
    runtime.mkdir()
    state.mkdir()
    stopping = threading.Event()

    def write() -> None:
        file = AuditFile(runtime, state, FileOps(), full_bytes=16_384)
        file.open(None)
        file.begin("80001f88")
        runtime_tier, state_tier = (
            Tier(folder, durable=False, files=FileOps()) for folder in (runtime, state)
        )
        seq = 0
        while not stopping.is_set():
            seq += 1
            for number in range(seq % 7):
                file.append({"kind": "command", "asked": f"{seq} {number}"})
            record = Record(seq=seq, audit=file.head)
            runtime_tier.write(record)
            file.write_out()
            state_tier.write(record)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        newest = 0
        deadline_s = time.monotonic() + 30
        while newest < 300 and time.monotonic() < deadline_s:
            verdict = verify(runtime, state)
            assert verdict.problems == ()
            assert verdict.newest.number >= newest
            newest = verdict.newest.number
    finally:
        stopping.set()
        writer.join()
    assert newest >= 300
