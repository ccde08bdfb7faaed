# SPDX-License-Identifier: Apache-2.0
"""Socket files in folders where others may write too."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pdu_agent.access import unix_socket
from pdu_agent.access.unix_socket import PathTaken, listen_unix


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o660])
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_mode_is_as_asked_whatever_the_umask(tmp_path: Path, mode: int, mask: int) -> None:
    path = tmp_path / "socket"
    old_mask = os.umask(mask)
    try:
        with listen_unix(path, mode, 1):
            assert _mode(path) == mode
            assert os.listdir(tmp_path) == ["socket"]
    finally:
        os.umask(old_mask)


def _link(path: Path, victim: Path) -> None:
    path.unlink()
    path.symlink_to(victim)


def _hard_link(path: Path, victim: Path) -> None:
    path.unlink()
    path.hardlink_to(victim)


@pytest.mark.parametrize("swap", [_link, _hard_link])
@pytest.mark.parametrize("is_socket", [True, False])
def test_nothing_of_somebody_else_is_given_away(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    swap: Callable[[Path, Path], None],
    is_socket: bool,
) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "shared"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as other:
        if is_socket:
            other.bind(str(victim))
        else:
            victim.touch()
        victim.chmod(0o600)

        class Swapped(socket.socket):
            """Somebody is quick, right after the file was made."""

            def bind(self, address: str) -> None:  # type: ignore[override]
                super().bind(address)
                swap(Path(address), victim)

        monkeypatch.setattr(unix_socket.socket, "socket", Swapped)
        with pytest.raises(PathTaken, match="was replaced by somebody"):
            listen_unix(folder / "socket", 0o666, 1)
    assert _mode(victim) == 0o600
    assert list(folder.iterdir()) == []


def test_neither_a_file_nor_a_link_is_replaced(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("mine", encoding="utf-8")
    link.symlink_to(file)
    for path in (file, link):
        with pytest.raises(PathTaken, match="is no socket"):
            listen_unix(path, 0o600, 1)
    assert file.read_text(encoding="utf-8") == "mine"
