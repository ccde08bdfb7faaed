# SPDX-License-Identifier: Apache-2.0
"""Frames of Modbus, first against recorded ones."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.modbus.channel import quantities
from pdu_agent.hw.modbus.map_file import read_map
from pdu_agent.hw.modbus.messages import (
    RtuFraming,
    TcpFraming,
    crc16,
    read_request,
    words_read,
    write_request,
)

CAPTURES = Path(__file__).parents[3] / "shared" / "captures" / "modbus.json"
VOLTAGE = (bytes.fromhex("010301310001d439"), bytes.fromhex("0103025a0542e7"))  # 230.45 V
RTU = RtuFraming(0.001)
READ_VOLTAGE = read_request(3, 0x0131, 1)


def recorded() -> list[dict]:
    if not CAPTURES.exists():
        return []
    return json.loads(CAPTURES.read_text(encoding="utf-8"))["frames"]


def test_crc_is_the_one_of_the_standard():
    assert crc16(b"123456789") == 0x4B37  # the check value of CRC-16/MODBUS


def test_request_and_response_are_as_recorded():
    assert RTU.frame(1, READ_VOLTAGE.message) == VOLTAGE[0]
    message = RTU.response(VOLTAGE[1], VOLTAGE[0], 1, READ_VOLTAGE)
    assert words_read(message) == (23045,)


@pytest.mark.skipif(not CAPTURES.exists(), reason="recorded frames are not beside this checkout")
def test_every_recorded_frame_is_understood():
    maps = {
        "orno_we515": read_map("orno-we-515"),
        "sdm120": read_map("eastron-sdm120"),
        "pzem004t_v3": read_map("pzem-004t-v3"),
    }
    decoded = 0
    for frame in recorded():
        sent, received = bytes.fromhex(frame["req"]), bytes.fromhex(frame["resp"])
        unit, function = sent[0], sent[1]
        assert crc16(sent[:-2]).to_bytes(2, "little") == sent[-2:]
        if function not in (3, 4):
            assert RTU.frame(unit, sent[1:-2]) == sent
            continue
        first, count = int.from_bytes(sent[2:4], "big"), int.from_bytes(sent[4:6], "big")
        request = read_request(function, first, count)
        assert RTU.frame(unit, request.message) == sent
        message = RTU.response(received, sent, unit, request)
        if "exception" in frame["value"]:
            assert message == bytes([function | 0x80, frame["value"]["exception"]])
            continue
        words = dict(enumerate(words_read(message), first))
        register_map = maps[frame["name"].split()[0]]
        values = {
            name: value
            for name, value in register_map.channels["main"].items()
            if all(value.register + place in words for place in range(value.words))
        }
        raw = {name: register_map.number(value, words) for name, value in values.items()}
        found = quantities(values, raw)
        for name, shown in frame["value"].items():
            ours, factor = OURS[name]
            if ours in found:
                assert found[ours] * factor == pytest.approx(shown, rel=1e-6)
                decoded += 1
    assert decoded >= 16


OURS = {
    "voltage": ("voltage", 1),
    "frequency": ("frequency", 1),
    "current": ("current", 1),
    "active_power_w": ("active_power", 1),
    "power": ("active_power", 1),
    "pf": ("power_factor", 1),
    "alarm": ("alarm", 1),
    "total_kwh": ("active_energy", 1 / 3.6e9),
    "energy_wh": ("active_energy", 1 / 3.6e6),
    **{f"t{number}": (f"active_energy_t{number}", 1 / 3.6e9) for number in range(1, 5)},
}


@given(cut=st.integers(0, len(VOLTAGE[1]) - 1))
def test_part_of_a_response_is_none(cut):
    assert RTU.response(VOLTAGE[1][:cut], VOLTAGE[0], 1, READ_VOLTAGE) is None


@given(place=st.integers(0, len(VOLTAGE[1]) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_spoils_it(place, bit):
    spoilt = bytearray(VOLTAGE[1])
    spoilt[place] ^= 1 << bit
    assert RTU.response(bytes(spoilt), VOLTAGE[0], 1, READ_VOLTAGE) is None


@given(noise=st.binary(max_size=12))
def test_noise_before_it_and_an_echo_do_no_harm(noise):
    for before in (noise, VOLTAGE[0], VOLTAGE[0] + noise):
        message = RTU.response(before + VOLTAGE[1], VOLTAGE[0], 1, READ_VOLTAGE)
        assert words_read(message) == (23045,)


def test_response_of_another_unit_or_to_another_function_is_passed_over():
    assert RTU.response(VOLTAGE[1], VOLTAGE[0], 2, READ_VOLTAGE) is None
    assert RTU.response(VOLTAGE[1], VOLTAGE[0], 1, read_request(4, 0x0131, 1)) is None
    assert RTU.response(VOLTAGE[1], VOLTAGE[0], 1, read_request(3, 0x0131, 2)) is None


def test_over_tcp_a_late_response_is_known_by_its_number():
    framing = TcpFraming()
    first = framing.frame(1, READ_VOLTAGE.message)
    second = framing.frame(1, READ_VOLTAGE.message)
    assert second == bytes.fromhex("000200000006010301310001")
    late = first[:4] + bytes.fromhex("000501030259ff")
    right = second[:4] + bytes.fromhex("00050103025a05")
    assert framing.response(late, second, 1, READ_VOLTAGE) is None
    message = framing.response(late + right, second, 1, READ_VOLTAGE)
    assert words_read(message) == (0x5A05,)
    assert framing.response(right[:-1], second, 1, READ_VOLTAGE) is None


def framed(body: str) -> bytes:
    raw = bytes.fromhex(body)
    return raw + crc16(raw).to_bytes(2, "little")


def test_length_that_contradicts_itself_is_no_answer():
    assert RTU.response(framed("0103045a05"), VOLTAGE[0], 1, READ_VOLTAGE) is None
    tcp = TcpFraming()
    sent = tcp.frame(1, READ_VOLTAGE.message)
    received = sent[:4] + bytes.fromhex("00050103045a05")
    assert tcp.response(received, sent, 1, READ_VOLTAGE) is None


def test_writing_is_confirmed_by_its_own_register_and_number():
    request = write_request(0x8120, (1, 2, 3))
    sent = RTU.frame(1, request.message)
    assert RTU.response(framed("011081200003"), sent, 1, request) is not None
    assert RTU.response(framed("011081210003"), sent, 1, request) is None
    assert RTU.response(framed("011081200002"), sent, 1, request) is None


def test_writing_registers_is_laid_out_as_the_standard_says():
    request = write_request(0x8120, (0x1A0B, 0x150C, 0x1E00))
    assert request.message == bytes.fromhex("1081200003061a0b150c1e00")
    assert request.response_bytes == 5
