# SPDX-License-Identifier: Apache-2.0
"""A small file of secrets: whole or as before, and for its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pdu_agent.model.errors import StoreError
from pdu_agent.store.files import FileOps
from pdu_agent.store.private_file import PrivateFile


def test_what_is_saved_is_loaded_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    file = PrivateFile(path)
    assert file.load() is None
    old = os.umask(0)
    try:
        file.save({"name": "é"})
    finally:
        os.umask(old)
    assert file.load() == {"name": "é"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("left", ["mode", "link"])
def test_what_is_in_the_way_is_not_written_into(tmp_path: Path, left: str) -> None:
    new, elsewhere = tmp_path / "accounts.json.new", tmp_path / "elsewhere"
    elsewhere.write_text("precious", encoding="utf-8")
    if left == "link":
        new.symlink_to(elsewhere)
    else:
        new.write_text("", encoding="utf-8")
        new.chmod(0o666)
    PrivateFile(tmp_path / "accounts.json").save([1])
    assert elsewhere.read_text(encoding="utf-8") == "precious"
    assert stat.S_IMODE((tmp_path / "accounts.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("step", ["create", "write", "sync", "rename"])
def test_a_full_card_leaves_the_old_one(tmp_path: Path, step: str) -> None:
    path = tmp_path / "accounts.json"
    PrivateFile(path).save("old")
    files = FileOps()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    setattr(files, step, fail)
    with pytest.raises(StoreError, match="free some space"):
        PrivateFile(path, files).save("new")
    assert PrivateFile(path).load() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["accounts.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b" " * (1 << 20) + b"1"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "accounts.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"accounts\.json is broken"):
        PrivateFile(path).load()
