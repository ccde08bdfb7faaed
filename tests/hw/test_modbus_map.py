# SPDX-License-Identifier: Apache-2.0
"""Register maps: the shipped ones, and what is said about wrong ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.modbus.map_file import load_map, read_map, shipped_maps
from pdu_agent.hw.modbus.register_map import QUANTITIES, Span, decode
from pdu_agent.model.errors import ConfigError

MAPS = Path(__file__).parents[2] / "etc" / "meters"
GOOD = """\
name: three phases
function: 3
values:
  frequency: {register: 0x10, type: u16, scale: 0.01, unit: Hz}
channels:
  l1:
    voltage: {register: 0x20, type: u16, scale: 0.1, unit: V}
    active_power: {register: 0x30, type: s32, scale: 0.001, unit: kW}
  total:
    active_energy: {register: 0x40, type: u32, scale: 0.01, unit: kWh}
blocks:
  - {register: 0x20, words: 4}
"""


def complaints(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "map.yaml"
    file.write_text(text, encoding="utf-8")
    found: list[str] = []
    result = load_map(
        str(file), lambda _, line, column, what: found.append(f"{line}:{column}: {what}")
    )
    assert (result is None) == bool(found)
    return found


def test_shipped_maps_are_those_of_the_checkout_and_right():
    assert shipped_maps() == tuple(sorted(path.stem for path in MAPS.glob("*.yaml")))
    for name in shipped_maps():
        register_map = read_map(name)
        assert {"voltage", "active_power"} <= register_map.channels["main"].keys()


def test_every_quantity_is_explained_at_the_head_of_one_map():
    text = (MAPS / "orno-we-515.yaml").read_text(encoding="utf-8")
    for name in QUANTITIES:
        assert name in text or name.startswith(("active_energy_", "reactive_energy_")), name


def test_long_registers_of_orno_have_their_high_word():
    values = read_map("orno-we-515").channels["main"]
    assert (values["current"].register, values["current"].words) == (0x0139, 2)
    assert (values["active_power"].register, values["active_power"].words) == (0x0140, 2)
    assert (values["active_energy"].step, values["active_energy"].words) == (36_000_000, 2)


def test_channels_have_the_common_values_too(tmp_path):
    file = tmp_path / "map.yaml"
    file.write_text(GOOD, encoding="utf-8")
    register_map = read_map(str(file))
    assert list(register_map.channels) == ["l1", "total"]
    assert register_map.channels["l1"].keys() == {"frequency", "voltage", "active_power"}
    assert register_map.spans() == (Span(0x10, 1), Span(0x20, 4), Span(0x30, 2), Span(0x40, 2))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("register: 0x30", "register: 0x20", "8:19: channels.l1.active_power overlaps"),
        ("register: 0x40", "register: 0xFFFF", "10:31: channels.total.active_energy: 2 registers"),
        ("register: 0x40", "register: 0x10000", "10:31: register: '0x10000'; expected"),
        ("frequency", "frequenzy", "4:3: values: unknown quantity 'frequenzy'; did you mean"),
        ("type: s32", "type: s24", "8:42: type: 's24'; expected one of u16"),
        ("type: u32", "type: s32", "10:43: channels.total.active_energy: s32; a counter is"),
        ("type: u32", "type: f32", "10:20: step is missing"),
        ("unit: kWh", "unit: V", "10:67: channels.total.active_energy: unit 'V'; expected Wh"),
        ("scale: 0.01, unit: kWh", "scale: 1e-9, unit: Wh", "a step of 0.0036 mJ"),
        ("scale: 0.1", "scale: much", "7:49: scale: 'much'; expected a number"),
        ("scale: 0.1", "scale: 0", "7:49: channels.l1.voltage: scale 0; expected more"),
        ("function: 3", "function: 6", "2:11: function: '6'; expected one of 3, 4"),
        ("name: three", "nome: three", "1:1: the map: unknown key 'nome'"),
        ("words: 4", "words: 126", "12:29: words: '126'; expected a whole number, 1 to 125"),
        ("0x20, words: 4", "0x21, words: 4", "no value is in the block"),
        ("0x20, words: 4", "0x31, words: 4", "the block cuts channels.l1.active_power"),
        ("unit: V}", "unit: V, range: [9, 1]}", "7:70: channels.l1.voltage.range: expected"),
        ("unit: V}", "unit: V, unit: V}", "is given twice"),
        ("  l1:", "  L 1:", "channel 'L 1'; expected a word such as l1"),
        ("blocks:", "blocks: [", "is not YAML here"),
        ("name: three phases", "name: &a x\nclock: *a", "an alias; write it out"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, old, new, said):
    assert old in GOOD
    found = complaints(tmp_path, GOOD.replace(old, new))
    assert any(said in line for line in found), found


def test_all_mistakes_are_told_at_once(tmp_path):
    text = GOOD.replace("type: s32", "type: x").replace("unit: Hz", "unit: Wh")
    assert len(complaints(tmp_path, text)) == 2


@pytest.mark.parametrize("text", ["", "- 1", "x", "{" * 99, "values: {}", "a: \x00"])
def test_what_is_no_map_is_refused(tmp_path, text):
    assert complaints(tmp_path, text)


@given(raw=st.binary(max_size=60))
def test_no_bytes_break_it(tmp_path_factory, raw):
    file = tmp_path_factory.mktemp("maps") / "map.yaml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError):
        read_map(str(file))


def test_unknown_map_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'orno-we-515'"):
        read_map("orno-we515")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_map("/nowhere/map.yaml")


@pytest.mark.parametrize(
    ("words", "type_name", "low_word", "low_byte", "number"),
    [
        ((0x0000, 0x04D2), "u32", False, False, 1234),
        ((0x04D2, 0x0000), "u32", True, False, 1234),
        ((0xFFFF, 0xFEE4), "s32", False, False, -284),
        ((0x3412,), "u16", False, True, 0x1234),
        ((0x4366, 0x3333), "f32", False, False, pytest.approx(230.2, rel=1e-6)),
        ((0, 0, 0, 1), "u64", False, False, 1),
    ],
)
def test_words_become_numbers(words, type_name, low_word, low_byte, number):
    assert decode(words, type_name, low_word, low_byte) == number
