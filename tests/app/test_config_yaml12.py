# SPDX-License-Identifier: Apache-2.0
"""YAML 1.2 core schema, places, bounds; with libyaml's parser and with Python's."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.app.config import yaml12
from pdu_agent.app.config.tree import ListNode, MapNode, Node, Place, Problems, Scalar

LOADERS = [yaml.SafeLoader]
if yaml.__with_libyaml__:
    LOADERS.append(yaml.CSafeLoader)


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__, autouse=True)
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml12, "EVENT_LOADER", request.param)


def read(text: str | bytes) -> tuple[Node | None, list[str]]:
    problems = Problems()
    raw = text.encode("utf-8") if isinstance(text, str) else text
    return yaml12.parse(raw, "f.yaml", problems), [str(found) for found in problems.found]


def plain(node: Node | None) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    assert isinstance(node, MapNode)
    return {key: plain(entry.node) for key, entry in node.entries.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("12:34:56:12:34:56", "12:34:56:12:34:56"),
        ("012", 12),
        ("-012", -12),
        ("0o17", 15),
        ("0x20", 32),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", -math.inf),
        ("~", None),
        ("null", None),
        ("", None),
        ("1.3.6.1", "1.3.6.1"),
        ("2026-11-21", "2026-11-21"),
        ("=", "="),
        ("<<", "<<"),
        ('"12"', "12"),
        ("'true'", "true"),
        ("!!str 12", "12"),
    ],
)
def test_a_value_means_what_the_core_schema_says(text: str, value: object) -> None:
    node, problems = read(f"a: {text}\n")
    assert not problems
    found = plain(node)["a"]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_float() -> None:
    assert math.isnan(plain(read("a: .nan")[0])["a"])


def test_keys_are_the_words_as_written() -> None:
    assert plain(read("on: 1\n012: 2\n12:30: 3\nnull: 4\n")[0]) == {
        "on": 1,
        "012": 2,
        "12:30": 3,
        "null": 4,
    }


def test_every_value_knows_its_line_and_column() -> None:
    node, _ = read("a: 1\nb:\n  - x\n  - {c: ä, d: [5]}\n")
    assert isinstance(node, MapNode)
    listed = node.entries["b"].node
    assert isinstance(listed, ListNode)
    assert listed.items[0].place == Place("f.yaml", 3, 5)
    inner = listed.items[1]
    assert isinstance(inner, MapNode)
    assert inner.entries["d"].key_place == Place("f.yaml", 4, 12)
    assert inner.entries["d"].node.place == Place("f.yaml", 4, 15)


def test_a_key_given_twice_is_an_error_that_names_both_places() -> None:
    _, problems = read("name: a\nother: 1\nname: b\n")
    assert problems == ["f.yaml:3:1: key 'name' is given twice; the first is at f.yaml:1:1"]


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("a: [1, 2\nb: 3\n", "f.yaml:2", "is not YAML here"),
        ("a: \x07\n", "f.yaml:1:4", "is not YAML here"),
        ("a: *b\n", "f.yaml:1:4", "no anchor &b"),
        ("a: &x [*x]\n", "f.yaml:1:8", "inside its own anchor"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1", "a second document"),
        ("", "f.yaml:", "is empty"),
        ("# nothing\n", "f.yaml:", "is empty"),
        ("a: !python/name:os.system x\n", "f.yaml:1:4", "is not known here"),
        ("a: !!timestamp 2026-01-01\n", "f.yaml:1:4", "is not known here"),
        ("? [a, b]\n: 1\n", "f.yaml:1:3", "one word"),
        ("a: " + "9" * 5000 + "\n", "f.yaml:1:4", "not usable"),
        ("[" * 5000, "f.yaml:1:18", "deeper than 16"),
    ],
)
def test_a_broken_file_is_one_clear_line(text: str, place: str, part: str) -> None:
    _, problems = read(text)
    assert len(problems) == 1
    assert problems[0].startswith(place)
    assert part in problems[0]


def test_bytes_that_are_not_utf8_are_named_with_their_place() -> None:
    node, problems = read(b"a: 1\nb: gr\xfc\xdf\n")
    assert node is None
    assert problems == ["f.yaml:2:6: byte 0xfc is not UTF-8; save the file as UTF-8"]


def test_a_byte_order_mark_is_no_problem() -> None:
    assert plain(read(b"\xef\xbb\xbfa: 1\n")[0]) == {"a": 1}


def test_aliases_stand_for_their_anchor() -> None:
    assert plain(read("a: &x {b: 1}\nc: *x\n")[0]) == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_billion_laughs_are_refused_before_they_are_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    node, problems = read("\n".join(lines))
    assert node is None
    assert "more than 20000 values" in problems[0]
    assert problems[0].startswith("f.yaml:5:")  # 11 + 111 + 1111 + 11111 came before


def test_a_large_file_is_refused() -> None:
    assert read(b"#" * (yaml12.MAX_FILE_BYTES + 1)) == (None, ["f.yaml: is larger than 256 KiB"])


@pytest.mark.parametrize(
    "text",
    ["a: *hunter2secret\n", "a: &hunter2secret [}\n", "a: !hunter2secret x\n", "a: %hunter2secret"],
)
def test_nothing_of_a_secret_file_is_quoted(text: str) -> None:
    problems = Problems()
    yaml12.parse(text.encode(), "s.yaml", problems, conceal=True)
    assert problems.found
    assert not any("hunter2" in str(problem) for problem in problems.found)


@given(raw=st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    node, problems = read(raw)
    assert node is not None or problems


@given(text=st.text(alphabet="ab:-[]{}&*!#|>'\"%, \n\t0", max_size=120))
def test_no_punctuation_makes_it_raise(text: str) -> None:
    node, problems = read(text)
    assert node is not None or problems


@given(text=st.text(max_size=40))
def test_quoted_text_is_kept(text: str) -> None:
    quoted = yaml.dump(text, default_style='"', allow_unicode=False)
    node, problems = read(f"a: {quoted}")
    assert not problems
    assert plain(node) == {"a": text}
