# SPDX-License-Identifier: Apache-2.0
"""Backups over the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pdu_agent.model.errors import StoreError
from pdu_agent.store.backup.manifest import Manifest, Part
from pdu_agent.store.backup.settings import BackupSettings
from tests.web.fake_agent import RunningAgent, running_agent

NAME = "openpdu-20260314T145320Z"


class FakeDesk:
    trouble = ""
    settings = BackupSettings()
    folder = Path("/media/stick")
    is_restore_ready = False

    def __init__(self) -> None:
        self.spoilt = ""
        self.staged: list[str] = []

    async def make(self) -> tuple[str, Manifest]:
        self._fail()
        return NAME, Manifest(1_773_500_000.0, "1.0", 5, {"record": Part(4096, "00")})

    async def rows(self) -> list[tuple[str, Manifest]]:
        return [(NAME, Manifest(1_773_500_000.0, "1.0", 5, {"record": Part(4096, "00")}))]

    async def verify(self, name: str) -> Manifest:
        self._fail()
        return (await self.rows())[0][1]

    async def stage(self, name: str) -> None:
        self._fail()
        self.staged.append(name)

    def _fail(self) -> None:
        if self.spoilt:
            raise StoreError(self.spoilt)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as agent:
        yield agent


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    desk = FakeDesk()
    monkeypatch.setattr("tests.web.fake_agent.BACKUPS", desk)
    return desk


def test_backups_are_listed_made_verified_and_made_ready(
    desk: FakeDesk, agent: RunningAgent
) -> None:
    (row,) = agent.local("GET", "/api/v1/backups").json["backups"]
    assert (row["name"], row["made_at"]) == (NAME, "2026-03-14T14:53:20.000Z")
    assert agent.local("POST", "/api/v1/backups", {}).json["size_bytes"] == 4096
    assert agent.local("POST", f"/api/v1/backups/{NAME}/verify", {}).json["is_whole"]
    assert agent.local("POST", f"/api/v1/backups/{NAME}/restore", {}).json["restore_ready"]
    assert desk.staged == [NAME]


def test_a_backup_that_is_not_whole_is_named_and_not_restored(
    desk: FakeDesk, agent: RunningAgent
) -> None:
    desk.spoilt = "history-open.part was altered"
    answer = agent.local("POST", f"/api/v1/backups/{NAME}/verify", {}).json
    assert (answer["is_whole"], answer["trouble"]) == (False, desk.spoilt)
    refused = agent.local("POST", f"/api/v1/backups/{NAME}/restore", {})
    assert (refused.status, refused.json["detail"]) == (503, desk.spoilt)
    assert desk.staged == []


@pytest.mark.parametrize("name", ["..", "openpdu-20200101T000000Z", "%2e%2e%2fetc"])
def test_only_backups_that_there_are_can_be_named(
    desk: FakeDesk, agent: RunningAgent, name: str
) -> None:
    assert agent.local("POST", f"/api/v1/backups/{name}/restore", {}).status == 404


def test_who_is_no_administrator_sees_and_does_nothing(desk: FakeDesk, agent: RunningAgent) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("POST", f"/{NAME}/restore")):
        body = {} if method == "POST" else None
        answer = agent.stranger(method, f"/api/v1/backups{path}", body)
        assert answer.status == 401
