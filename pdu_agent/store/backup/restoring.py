# SPDX-License-Identifier: Apache-2.0
"""Brings a backup back in two steps, so that nothing is ever half restored.

`stage` verifies every file and builds all that is needed in a folder beside the state; renaming
that folder is the moment from which the restore is decided. `finish`, before the agent reads
anything, moves it into place, and goes on where it was interrupted, however often. What was there
before is kept in a folder of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.store.backup.history_parts import PREFIX, rebuild
from pdu_agent.store.backup.making import RECORD
from pdu_agent.store.backup.manifest import verify
from pdu_agent.store.backup.merging import merged
from pdu_agent.store.files import FileOps, folder_error
from pdu_agent.store.framing import decode, encode
from pdu_agent.store.tier import SLOTS, Tier

READY = "restore.ready"
ASIDE = "before-restore-"
_NEW = "restore.new"
_PLAN = "plan.json"
_MERGED = "record.merged"
HISTORY = "history.sqlite"
_JOURNAL = f"{HISTORY}-journal"
ENERGY_JOURNAL = "energy.json"
"""In the folder `history` of the runtime folder; store/history/recorder.py writes it."""

Prepare = Callable[[Path], None]
"""Makes an empty history. Raises sqlite3.Error or StoreError."""


def stage(
    backup: Path, state_dir: Path, targets: Mapping[str, Path], prepare: Prepare, now_wall_s: float
) -> None:
    """Get everything ready; `finish` then does it, at the next start at the latest.

    targets: where the small files of a backup belong, by their names. Raises StoreError: nothing
    has changed then, and a restore that was ready before still is.
    """
    manifest = verify(backup)
    new, ready = state_dir / _NEW, state_dir / READY
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        record = backup / RECORD
        if RECORD not in manifest.parts:
            raise StoreError(f"{backup} holds no record")
        decode(record.read_bytes())
        _copy(record, new / RECORD)
        parts = [backup / name for name in sorted(manifest.parts) if name.startswith(PREFIX)]
        if parts:
            rebuild(parts, new / HISTORY, prepare)
            _sync(new / HISTORY)
        places = {HISTORY: str(state_dir / HISTORY)} if parts else {}
        for name, place in targets.items():
            if name in manifest.parts:
                _copy(backup / name, new / name)
                places[name] = str(place)
        stamp = datetime.fromtimestamp(now_wall_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        plan = {"backup": backup.name, "aside": f"{ASIDE}{stamp}", "places": places}
        (new / _PLAN).write_text(json.dumps(plan), encoding="utf-8")
        _sync(new / _PLAN)
        _sync(new)
        if ready.exists():
            shutil.rmtree(ready)
        new.rename(ready)
        _sync(state_dir)
    except (OSError, sqlite3.Error) as exc:
        shutil.rmtree(new, ignore_errors=True)
        if isinstance(exc, OSError):
            raise folder_error("get a restore ready", state_dir, exc) from exc
        raise StoreError(f"{backup}: its history cannot be put together: {exc}") from exc
    except StoreError:
        shutil.rmtree(new, ignore_errors=True)
        raise


def finish(runtime_dir: Path, state_dir: Path) -> tuple[str, ...]:
    """Put in place what `stage` made ready, if anything: what there is to tell.

    Only while no agent runs, or before it has read anything. Raises StoreError: the next call goes
    on with it.
    """
    ready = state_dir / READY
    try:
        if not ready.is_dir():
            return ()
        if not (ready / _PLAN).exists():  # it was done, and then interrupted while tidying up
            shutil.rmtree(ready)
            return ()
        plan = json.loads((ready / _PLAN).read_text(encoding="utf-8"))
        aside = state_dir / plan["aside"]
        aside.mkdir(mode=0o700, exist_ok=True)
        _put_record(ready, runtime_dir, state_dir, aside)
        told = [f"backup {plan['backup']} was restored; what was there before is in {aside}"]
        if HISTORY in plan["places"]:  # what was counted since the backup belongs to no sum now
            _move(runtime_dir / "history" / ENERGY_JOURNAL, aside / ENERGY_JOURNAL)
        for name, place in plan["places"].items():
            told += _put(ready / name, Path(place), aside)
        _sync(state_dir)
        (ready / _PLAN).unlink()
        shutil.rmtree(ready)
        return tuple(told)
    except OSError as exc:
        raise folder_error("finish a restore", state_dir, exc) from exc


def _put_record(ready: Path, runtime_dir: Path, state_dir: Path, aside: Path) -> None:
    if (ready / RECORD).exists():
        backup = decode((ready / RECORD).read_bytes())
        new = ready / f"{_MERGED}.new"
        new.write_bytes(encode(merged(backup, _present(runtime_dir, state_dir))))
        _sync(new)
        new.rename(ready / _MERGED)
        _sync(ready)
        (ready / RECORD).unlink()
    if (ready / _MERGED).exists():
        for slot in SLOTS:
            for folder, prefix in ((state_dir, ""), (runtime_dir, "runtime-")):
                _move(folder / slot, aside / f"{prefix}{slot}")
        (ready / _MERGED).rename(state_dir / SLOTS[0])


def _present(runtime_dir: Path, state_dir: Path) -> Record | None:
    """The newest that can be read."""
    files = FileOps()
    tiers = (Tier(runtime_dir, False, files).read(), Tier(state_dir, True, files).read())
    records = [each.record for each in tiers if each.record is not None]
    return max(records, key=lambda record: record.seq, default=None)


def _put(new: Path, place: Path, aside: Path) -> list[str]:
    """What went wrong with a file outside of the state folder, which is no reason to stop."""
    if not new.exists():
        return []
    try:
        if place.name == HISTORY:
            _move(place.with_name(_JOURNAL), aside / _JOURNAL)
        _move(place, aside / place.name)
        beside = place.with_name(f".{place.name}.new")
        _copy(new, beside)
        beside.rename(place)
        _sync(place.parent)
        new.unlink()
    except OSError as exc:
        if place.name == HISTORY:
            raise
        return [f"{place} could not be restored ({exc.strerror}); copy it from the backup by hand"]
    return []


def _move(path: Path, aside: Path) -> None:
    """Also to another file system; nothing where there is no such file. What was moved before an
    interruption is not replaced by what was put in its place.
    """
    if path.exists():
        if not aside.exists():
            beside = aside.with_name(f".{aside.name}.new")
            _copy(path, beside)
            beside.rename(aside)
        path.unlink()


def _copy(path: Path, to: Path) -> None:
    shutil.copyfile(path, to)
    with suppress(PermissionError):
        to.chmod(0o600)
    _sync(to)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
