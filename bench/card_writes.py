# SPDX-License-Identifier: Apache-2.0
"""What an agent with 64 outlets writes to its card in a day, part by part.

    python -m bench.card_writes [--folder DIR] [--seconds 185] [--json]

The parts go through the real code with an injected clock: a record a minute, a day of the history
with its packing, 24 backups, 100 commands in the audit log. Two figures for each: what the process
writes (write_bytes of /proc/self/io) and, where --folder is a file system of its own on a block
device, what that device is given, with the journal, which waits 5 s. Then a demo runs for some
time, and what it writes in its quiet minutes is held against the sum. The folder must be on a disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.figures import Figure, report
from bench.history_year import BEGIN_S, a_day, columns_of_rack
from pdu_agent.app.paths import memory_folder
from pdu_agent.model.actor import Actor
from pdu_agent.model.audit import AuditEntry, AuditResult
from pdu_agent.model.record import MeterRecord, OutletRecord, Record
from pdu_agent.model.snapshot import ChangeReason
from pdu_agent.store.audit_file import AuditFile
from pdu_agent.store.backup.making import Source, make_backup
from pdu_agent.store.backup.shelf import Shelf
from pdu_agent.store.files import FileOps
from pdu_agent.store.history.blocks import DAY_S
from pdu_agent.store.history.energy import Counted
from pdu_agent.store.history.recorder import COMMIT_S, Recorder
from pdu_agent.store.history.rollups import Rollups
from pdu_agent.store.history.settings import HistorySettings
from pdu_agent.store.tier import Tier

GOAL_MB = 20.0
QUARTER_MIN = 15
DAYS_BEFORE = 2
FLUSHES = 5
JOURNAL_WAIT_S = 6.5
"""ext4 writes its journal 5 s after the first change."""
QUIET_S = 30.0
SETTLE_S = 150.0
"""A demo makes its first backup two minutes after its start."""


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes: of the process, and of the device it wrote to (None where that is not known)."""

    process: int
    device: int | None


class Meter:
    """Counts what is written while something is done."""

    def __init__(self, folder: Path) -> None:
        number = os.stat(folder).st_dev
        self._stat = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat")
        alone = folder.is_mount() or folder.parent.is_mount()
        self._knows_device = self._stat.exists() and alone
        self._folder = folder

    def of(self, work: Callable[[], None], pause_s: float = 0.0) -> Written:
        process, device = self._now()
        work()
        time.sleep(pause_s)
        process_after, device_after = self._now()
        told = None if device is None or device_after is None else device_after - device
        return Written(process_after - process, told)

    def _now(self) -> tuple[int, int | None]:
        if self._knows_device:
            os.sync()
        return process_bytes("self"), self._device()

    def _device(self) -> int | None:
        if not self._knows_device:
            return None
        return int(self._stat.read_text(encoding="ascii").split()[6]) * 512


def process_bytes(pid: int | str) -> int:
    text = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in text.splitlines() if line[:11] == "write_bytes"))


def record_of_rack(seq: int) -> Record:
    """64 outlets in use: every number has all the digits that it ever gets."""
    random = np.random.default_rng(seq)
    meters = {
        f"outlet {n}": MeterRecord(
            energy_mj=int(random.integers(10**12)),
            remainder_mj=float(random.random()),
            peak_power_w=float(random.uniform(0, 3000)),
            peak_wall_s=BEGIN_S + float(random.uniform(0, DAY_S)),
            peak_current_a=float(random.uniform(0, 16)),
            peak_current_wall_s=BEGIN_S + float(random.uniform(0, DAY_S)),
            inductive_mvars=int(random.integers(10**11)),
            capacitive_mvars=0,
        )
        for n in range(1, 65)
    }
    return Record(seq=seq, meters=meters, outlets={n: OutletRecord("on") for n in range(1, 65)})


def of_record(meter: Meter, folder: Path) -> Written:
    """A day of flushes, one a minute."""
    tier = Tier(folder, True, FileOps())
    tier.make_folder()
    for seq in range(4):
        tier.write(record_of_rack(seq))

    def flush() -> None:
        tier.write(record_of_rack(tier.newest_seq + 1))

    found = [meter.of(flush, JOURNAL_WAIT_S) for _ in range(FLUSHES)]
    return _times(_sum(found), 24 * 60 / FLUSHES)


def of_history(meter: Meter, folder: Path) -> tuple[Written, Written]:
    """(the history, backups) of a day."""
    for name in ("run", "state"):
        (folder / name).mkdir(parents=True)
    recorder = Recorder(folder / "run", folder / "state", HistorySettings())
    columns, random = columns_of_rack(), np.random.default_rng(1)
    shelf, backups, history = Shelf(folder / "backups"), [], []
    for day in range(DAYS_BEFORE + 1):
        minutes = a_day(columns, random)
        for end_min in range(COMMIT_S // 60, 24 * 60 + 1, COMMIT_S // 60):
            end_s = BEGIN_S + day * DAY_S + end_min * 60
            written = meter.of(lambda m=minutes, e=end_s: half_hour(recorder, m, e))  # type: ignore[misc]
            if day < DAYS_BEFORE:
                continue
            history.append(written)
            if end_s % 3600 == 0:
                backups.append(meter.of(lambda e=end_s: backup(shelf, recorder, e)))  # type: ignore[misc]
    recorder.close()
    return _sum(history), _sum(backups)


def half_hour(recorder: Recorder, day: Rollups, end_s: int) -> None:
    """As the recorder commits it, until all is packed that is to be."""
    columns = columns_of_rack()
    for start_s in range(end_s - COMMIT_S, end_s, QUARTER_MIN * 60):
        first = start_s % DAY_S // 60
        recorder.card.take(columns, start_s, day[:, first : first + QUARTER_MIN].copy())
    grown_mj = (end_s - BEGIN_S) * 100_000
    targets = sorted({each.target for each in columns}, key=str)
    recorder.card.energy.book(end_s, [Counted(each, grown_mj, (), COMMIT_S) for each in targets])
    recorder.card.commit((end_s - 1) // DAY_S)
    while recorder.card.work():
        pass


def backup(shelf: Shelf, recorder: Recorder, now_s: float) -> None:
    make_backup(shelf, Source(recorder.card.path), lambda: record_of_rack(1), now_s + 5)
    shelf.tidy(10)


def of_commands(meter: Meter, folder: Path) -> Written:
    """100 commands, each with its record and its line in the audit log."""
    for name in ("run", "state"):
        (folder / name).mkdir(parents=True)
    tier = Tier(folder / "state", True, FileOps())
    log = AuditFile(folder / "run", folder / "state", FileOps())
    log.open(None)
    log.begin("bench")
    for seq in range(4):
        tier.write(record_of_rack(seq))
    actor = Actor("snmp", "operator", "192.0.2.7")
    orders = ({"action": "off", "outlet": 1},)
    result = AuditResult.CHANGED
    entry = AuditEntry(BEGIN_S, actor, ChangeReason.SNMP, "switch outlet 1 off", orders, result)

    def command() -> None:
        log.append({"kind": "command", **entry.to_plain()})
        log.write_out()
        tier.write(record_of_rack(tier.newest_seq + 1))

    found = [meter.of(command, JOURNAL_WAIT_S) for _ in range(FLUSHES)]
    return _times(_sum(found), 100 / FLUSHES)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def of_demo(folder: Path, seconds: float) -> float:
    """Bytes a day of a demo of 64 outlets in quiet minutes, as its process writes them."""
    with tempfile.TemporaryDirectory(dir=memory_folder(os.environ)) as runtime:
        command = [sys.executable, "-m", "pdu_agent.app.cli", "demo", "--outlets", "64"]
        command += ["--snmp", f"127.0.0.1:{free_port()}", "--http", f"127.0.0.1:{free_port()}"]
        command += ["--state-dir", str(folder), "--runtime-dir", runtime]
        demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(SETTLE_S)
            left_s = COMMIT_S - time.time() % COMMIT_S
            if left_s < seconds + QUIET_S:  # the history is stored then: a part of its own
                time.sleep(left_s + QUIET_S)
            begin, begun_s = process_bytes(demo.pid), time.monotonic()
            time.sleep(seconds)
            if demo.poll() is not None:
                raise RuntimeError(f"the demo ended with status {demo.returncode}")
            passed_s = time.monotonic() - begun_s
            return (process_bytes(demo.pid) - begin) / passed_s * DAY_S
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait()


def _sum(found: list[Written]) -> Written:
    devices = [each.device for each in found if each.device is not None]
    return Written(
        sum(each.process for each in found), sum(devices) if len(devices) == len(found) else None
    )


def _times(one: Written, factor: float) -> Written:
    device = None if one.device is None else round(one.device * factor)
    return replace(one, process=round(one.process * factor), device=device)


def figures(parts: dict[str, Written]) -> list[Figure]:
    shown = [Figure(name, part.process / 1e6, "MB/day") for name, part in parts.items()]
    whole = _sum(list(parts.values()))
    shown.append(Figure("all that the agent writes", whole.process / 1e6, "MB/day", GOAL_MB))
    if whole.device is not None:
        shown += [
            Figure(f"device: {name}", (part.device or 0) / 1e6, "MB/day")
            for name, part in parts.items()
        ]
        shown.append(Figure("device: all", whole.device / 1e6, "MB/day", None, "with its journal"))
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--seconds", type=float, default=185.0, help="of a demo; 0: none")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="card-writes-", dir=arguments.folder))
    try:
        meter = Meter(folder)
        parts = {"record, each minute": of_record(meter, folder / "record")}
        history, backups = of_history(meter, folder / "history")
        parts |= {"history, each half hour and midnight": history, "backups, hourly": backups}
        parts["100 commands"] = of_commands(meter, folder / "commands")
        shown = figures(parts)
        if arguments.seconds:
            demo = of_demo(folder / "demo", arguments.seconds) / 1e6
            shown.append(Figure("a demo's quiet minutes: the record", demo, "MB/day"))
        return report(shown, arguments.json)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
