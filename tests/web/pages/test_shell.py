# SPDX-License-Identifier: Apache-2.0
"""What every page has: its files, its headers, and a refusal that people can read."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from pdu_agent.web.pages import static_files, words
from pdu_agent.web.pages.rendering import environment
from tests.web.fake_agent import RunningAgent, running_agent

VENDOR = static_files.FOLDER / "vendor"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("shell")) as agent:
        yield agent


def test_a_file_is_kept_for_ever_and_asked_for_no_second_time(agent: RunningAgent) -> None:
    path = static_files.address("style.css")
    plain = agent.local("GET", path)
    assert plain.status == 200
    assert plain.headers.get_content_type() == "text/css"
    assert plain.headers["Cache-Control"] == static_files.FOREVER
    packed = agent.local("GET", path, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    again = agent.local("GET", path, If_None_Match=plain.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "name",
    ["missing.js", "vendor/VENDOR.md", "../site.py", "..%2fsite.py", "vendor/../../site.py", ""],
)
def test_nothing_but_the_files_is_served(agent: RunningAgent, name: str) -> None:
    assert agent.local("GET", f"/static/{static_files.digest()}/{name}").status == 404


def test_files_of_another_version_are_not_there(agent: RunningAgent) -> None:
    assert agent.local("GET", "/static/0000000000000000/style.css").status == 404


def test_a_template_cannot_misspell_a_variable() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ snapshto.outlets }}").render()


def test_a_missing_page_is_told_to_people_in_words_and_to_programs_as_json(
    agent: RunningAgent,
) -> None:
    seen = agent.local("GET", "/<b>nowhere", Accept="text/html")
    assert seen.status == 404
    assert seen.headers.get_content_type() == "text/html"
    assert "there is nothing at /&lt;b&gt;nowhere" in seen.body.decode()
    assert "<b>" not in seen.body.decode()
    assert agent.local("GET", "/nowhere").headers.get_content_type() == "application/problem+json"


def test_nothing_is_inline_and_nothing_from_elsewhere(agent: RunningAgent) -> None:
    answer = agent.local("GET", "/nowhere", Accept="text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for template in environment().list_templates():
        text = Path(environment().get_template(template).filename or "").read_text("utf-8")
        assert not re.search(
            r"""<style|\sstyle=|\son[a-z]+=|<script(?! )|(src|href)="https?:""", text
        )


def test_vendored_files_are_those_that_their_list_names() -> None:
    listed = re.findall(r"^\| ([\w.]+) \|.*`([0-9a-f]{64})` \|$", _text(VENDOR / "VENDOR.md"), re.M)
    present = {path.name for path in VENDOR.iterdir() if path.suffix in static_files.MEDIA_TYPES}
    assert {name for name, _ in listed} == present
    for name, digest in listed:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (3600, "1 h"), (3725, "1 h 2 min"), (90061, "1 d 1 h")],
)
def test_a_span_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


def test_what_is_missing_is_a_dash_and_never_zero() -> None:
    assert words.fixed(None, 1) == words.span(None) == words.local("UTC", None) == "\N{EN DASH}"
    assert words.fixed(float("nan")) == "\N{EN DASH}"
    assert words.fixed(-0.04, 1) == "0.0"
    assert words.percent_of(3.0, 0.0) is None


def test_moments_are_of_the_units_time_zone() -> None:
    noon_s = 1_800_000_000.0  # 2027-01-15T08:00:00Z
    assert words.local("Europe/Berlin", noon_s) == "2027-01-15 09:00"
    assert words.local("Europe/Berlin", noon_s, noon_s + 60) == "09:00:00"
    assert words.local("UTC", noon_s - 86400, noon_s) == "2027-01-14 08:00"
    assert words.local("UTC", noon_s + 5, exact=True) == "2027-01-15 08:00:05"


def test_a_number_stands_in_a_field_as_it_would_be_typed() -> None:
    assert [words.typed(each) for each in (2000.0, 0.25, 3, None, "NAS")] == [
        "2000",
        "0.25",
        3,
        "",
        "NAS",
    ]
