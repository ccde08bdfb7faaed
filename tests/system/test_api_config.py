# SPDX-License-Identifier: Apache-2.0
"""The configuration over the API: a text is judged, and takes the file's place whole or not."""

from __future__ import annotations

import http.client
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.demo_process import Demo, UnixConnection
from tests.system.test_reload import Unit

BROKEN = b"""\
schema: 1
device: {name: strip}
outlets:
  - {number: 1, reboot_s: 0, relay: main.0}
  - {number: x, colour: red}
"""


class Api:
    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path

    def __call__(
        self, method: str, path: str, text: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, Any]:
        """Status, headers, and the JSON or text."""
        connection = UnixConnection(self.socket_path)
        sent = {"Content-Type": "application/yaml"} if text is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, f"/api/v1{path}", text, sent)
            answer = connection.getresponse()
            body = answer.read()
            is_json = "json" in answer.headers.get_content_type()
            return answer.status, answer.headers, json.loads(body) if is_json else body
        finally:
            connection.close()


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    running = Unit(tmp_path_factory.mktemp("config"))
    yield running
    running.stop()


@pytest.fixture
def api(unit: Unit) -> Api:
    unit.write(unit.body)
    return Api(unit.folder / "run" / "api.sock")


def test_the_text_is_that_of_the_file(unit: Unit, api: Api) -> None:
    status, headers, text = api("GET", "/config")
    assert (status, text) == (200, unit.body.encode())
    assert api("GET", "/config", If_None_Match=headers["ETag"])[0] == 304


def test_every_error_is_named_with_its_place_and_nothing_is_written(unit: Unit, api: Api) -> None:
    status, _, judged = api("POST", "/config/validate", BROKEN)
    assert (status, judged["valid"]) == (200, False)
    found = {(each["line"], each["path"]) for each in judged["errors"]}
    assert {(4, "outlets[0].reboot_s"), (5, "outlets[1].number"), (5, "outlets[1]")} <= found
    reboot = next(each for each in judged["errors"] if each["path"] == "outlets[0].reboot_s")
    assert reboot["column"] > 1
    assert reboot["file"] == "openpdu.yaml"
    assert reboot["hint"].startswith("expected")
    assert api("POST", "/config/validate", unit.body.encode())[2]["errors"] == []
    assert unit.config.read_text(encoding="utf-8") == unit.body


def test_a_text_that_is_wrong_changes_nothing(unit: Unit, api: Api) -> None:
    before = sorted(os.listdir(unit.folder))
    status, _, problem = api("PUT", "/config", BROKEN)
    assert (status, problem["code"]) == (422, "configuration")
    assert len(problem["errors"]) >= 3
    assert unit.config.read_text(encoding="utf-8") == unit.body
    assert sorted(os.listdir(unit.folder)) == before


def test_a_text_takes_the_place_of_the_file_and_is_in_force(unit: Unit, api: Api) -> None:
    unit.config.chmod(0o640)
    tag = api("GET", "/config")[1]["ETag"]
    text = unit.body.replace("name: web", "name: mail").encode()
    status, headers, saved = api("PUT", "/config", text, If_Match=tag)
    assert (status, saved["in_force"], saved["restart_needed"]) == (200, True, [])
    assert headers["ETag"] == api("GET", "/config")[1]["ETag"] != tag
    assert api("GET", "/outlets/1")[2]["name"] == "mail"
    assert unit.config.read_bytes() == text
    previous = unit.config.with_name("openpdu.yaml.previous")
    assert previous.read_text(encoding="utf-8") == unit.body
    assert stat.S_IMODE(unit.config.stat().st_mode) == 0o640
    assert api("PUT", "/config", unit.body.encode(), If_Match=tag)[0] == 412
    assert unit.config.read_bytes() == text
    asked = [each["asked"] for each in api("GET", "/audit?limit=2")[2]["entries"]]
    assert asked == ["reload the configuration", "save the configuration in openpdu.yaml"]


def test_what_needs_a_restart_is_saved_and_told(unit: Unit, api: Api) -> None:
    api("PUT", "/config", unit.body.encode())
    text = unit.body.replace("relay: main.1", "relay: main.2").replace("name: web", "name: late")
    status, _, saved = api("PUT", "/config", text.encode())
    assert (status, saved["in_force"]) == (200, False)
    assert saved["restart_needed"] == ["outlets 2 relay"]
    assert unit.config.read_text(encoding="utf-8") == text
    assert api("GET", "/outlets/1")[2]["name"] == "web"


@pytest.mark.parametrize(
    ("text", "media", "status"),
    [
        (b"x" * (256 * 1024 + 1), "application/yaml", 413),
        (b"\xff\xfe", "application/yaml", 422),
        (b"", "application/yaml", 422),
        (b"schema: 1", "application/json", 415),
    ],
)
def test_what_is_no_text_is_refused(
    unit: Unit, api: Api, text: bytes, media: str, status: int
) -> None:
    assert api("PUT", "/config", text, Content_Type=media)[0] == status
    assert unit.config.read_text(encoding="utf-8") == unit.body


def test_a_folder_that_takes_no_file_is_told(unit: Unit, api: Api) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    unit.folder.chmod(0o500)
    try:
        status, _, problem = api("PUT", "/config", unit.body.encode())
    finally:
        unit.folder.chmod(0o700)
    assert (status, problem["code"]) == (409, "read_only")


def test_an_agent_without_a_file_says_so(tmp_path: Path) -> None:
    with Demo(tmp_path) as demo:
        assert demo.api("GET", "/config")[1]["code"] == "no_file"
