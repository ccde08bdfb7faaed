# SPDX-License-Identifier: Apache-2.0
"""Backups by the clock, and bringing one back from the command line."""

from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path

import pytest

from pdu_agent.app.backups import FIRST_AFTER_S, BackupDesk
from pdu_agent.app.cli import main
from pdu_agent.app.config.load import load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import MeterRecord, Record
from pdu_agent.store.files import FileOps
from pdu_agent.store.lock import FolderLock
from pdu_agent.store.tier import Tier

RECORD = Record(seq=5, boots=3, meters={"outlet 1": MeterRecord(energy_mj=987_654_321)})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name in ("state", "run"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "calibration.yaml").write_text("schema: 1\n", encoding="utf-8")
    path = tmp_path / "openpdu.yaml"
    path.write_text(
        f"schema: 1\nstate_dir: {tmp_path / 'state'}\nruntime_dir: {tmp_path / 'run'}\n",
        encoding="utf-8",
    )
    Tier(tmp_path / "run", False, FileOps()).write(RECORD)
    return path


@pytest.fixture
def settings(config: Path) -> AgentSettings:
    return load_settings(config, {})


def names(desk: BackupDesk) -> list[str]:
    return [name for name, _ in asyncio.run(desk.rows())]


def test_twelve_hours_of_the_clock_leave_the_ten_newest(settings: AgentSettings) -> None:
    clock = ManualClock()

    async def hours() -> BackupDesk:
        desk = BackupDesk(settings, clock)
        for _ in range(12 * 60):
            await desk.tick()
            clock.advance(60)
        return desk

    desk = asyncio.run(hours())
    first_s = 1_800_000_000.0 + FIRST_AFTER_S
    made = [manifest.made_wall_s for _, manifest in asyncio.run(desk.rows())]
    assert made == [first_s + hour * 3600 for hour in reversed(range(2, 12))]


def test_a_restart_does_not_make_one_sooner(settings: AgentSettings) -> None:
    clock = ManualClock()

    async def restarted() -> None:
        await BackupDesk(settings, clock).make()
        for _ in range(8):
            clock.advance(400)
            desk = BackupDesk(settings, clock)
            await desk.tick()
            clock.advance(45)
            await desk.tick()

    asyncio.run(restarted())
    assert len(names(BackupDesk(settings, clock))) == 1


def test_what_cannot_be_made_is_told_and_tried_again(settings: AgentSettings) -> None:
    clock = ManualClock()
    backups = settings.state_dir / "backups"
    backups.write_text("a file in the way", encoding="utf-8")
    told: list[str] = []

    async def story() -> BackupDesk:
        desk = BackupDesk(settings, clock, told.append)
        await desk.tick()
        clock.advance(FIRST_AFTER_S)
        await desk.tick()
        assert "a file stands where a folder is needed" in desk.trouble
        clock.advance(600)
        await desk.tick()
        backups.unlink()
        clock.advance(600)
        await desk.tick()
        return desk

    desk = asyncio.run(story())
    assert desk.trouble == ""
    assert [bool(text) for text in told] == [True, False]  # an alarm, and its end
    assert len(names(desk)) == 1


def test_a_stick_that_was_pulled_is_not_replaced_by_a_folder_on_the_card(
    config: Path, tmp_path: Path
) -> None:
    stick = tmp_path / "stick" / "openpdu"
    with config.open("a", encoding="utf-8") as file:
        file.write(f"backup: {{folder: {stick}}}\n")
    desk = BackupDesk(load_settings(config, {}), ManualClock())
    with pytest.raises(StoreError, match=r"stick/openpdu .*create the folder"):
        asyncio.run(desk.make())
    assert not stick.parent.exists()
    stick.mkdir(parents=True)
    asyncio.run(desk.make())
    assert len(names(desk)) == 1


def test_a_full_medium_is_told_and_leaves_the_backups_as_they_were(
    settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    desk = BackupDesk(settings, clock)
    asyncio.run(desk.make())
    clock.advance(3600)

    def full(_: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, f"no room for {len(data)} bytes")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(StoreError, match="free some space there"):
            asyncio.run(desk.make())
    assert len(names(desk)) == 1
    assert [each.name for each in desk.folder.iterdir()] == names(desk)


def test_the_calibration_is_in_it(settings: AgentSettings) -> None:
    _, manifest = asyncio.run(BackupDesk(settings, ManualClock()).make())
    assert set(manifest.parts) == {"record", "calibration.yaml"}


def test_restore_brings_totals_back_without_an_agent(
    config: Path, settings: AgentSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    name, _ = asyncio.run(BackupDesk(settings, ManualClock()).make())
    later = Record(seq=9, boots=8, meters={"outlet 1": MeterRecord(energy_mj=1)})
    Tier(settings.state_dir, True, FileOps()).write(later)
    assert main(["restore", name, "--config", str(config)]) == 0
    assert "was restored; what was there before is in" in capsys.readouterr().out
    record = Tier(settings.state_dir, True, FileOps()).read().record
    assert record is not None
    assert record.meters == RECORD.meters
    assert record.boots == 8


def test_restore_is_refused_while_an_agent_runs(
    config: Path, settings: AgentSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    name, _ = asyncio.run(BackupDesk(settings, ManualClock()).make())
    lock = FolderLock(settings.runtime_dir)
    try:
        assert main(["restore", name, "--config", str(config), "--json"]) == 7
    finally:
        lock.release()
    assert "is in use by another agent" in json.loads(capsys.readouterr().out)["detail"]
    assert not list(settings.state_dir.glob("before-restore-*"))


def test_restore_says_which_backups_there_are(config: Path, settings: AgentSettings) -> None:
    name, _ = asyncio.run(BackupDesk(settings, ManualClock()).make())
    with pytest.raises(StoreError, match=f"the newest: {name}"):
        asyncio.run(BackupDesk(settings, ManualClock()).verify("openpdu-none"))
