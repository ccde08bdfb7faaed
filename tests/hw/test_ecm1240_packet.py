# SPDX-License-Identifier: Apache-2.0
"""The packet decoder: a recorded packet, every captured frame, and anything in between."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.ecm1240.packet import FOOTER, HEADER, PACKET_LENGTH, Packet, PacketDecoder, parse
from pdu_agent.hw.sim.ecm1240 import MeterState

RECORDED = bytes.fromhex(
    (Path(__file__).parent / "data/ecm1240_recorded.hex").read_text(encoding="ascii")
)
CAPTURES = Path(__file__).parents[2] / "../shared/captures/ecm1240.json"


def captured(name: str) -> dict:
    if not CAPTURES.exists():
        pytest.skip("the folder of shared captures is not here")
    frames = json.loads(CAPTURES.read_text(encoding="utf-8"))["frames"]
    return next(frame for frame in frames if frame["name"] == name)


def another_packet() -> bytes:
    state = MeterState(loads_w={"ch1": 1200.0, "aux3": 40.0})
    state.advance(10_000)
    return state.packet()


def test_recorded_packet_decodes_to_what_the_meter_showed():
    assert PacketDecoder().receive(RECORDED) == [
        Packet(
            voltage_v=128.8,
            absolute_ws=(3325793, 519631),
            polarized_ws=(3050305, 97838),
            serial_number=434,
            flag=0x98,
            unit_id=5,
            current_a=(0.21, 62.28),
            seconds=9700,
            aux_ws=(70, 63, 65, 63, 65),
            dc_voltage_raw=511,
        )
    ]


def test_simulated_meter_sends_the_recorded_packet_byte_for_byte():
    state = MeterState(voltage_v=128.8, loads_w={"ch1": 0.21 * 128.8, "ch2": 62.28 * 128.8})
    state.set_counters_ws(
        {"ch1": 3325793, "ch2": 519631, "aux1": 70, "aux2": 63, "aux3": 65, "aux4": 63, "aux5": 65},
        seconds=9700,
    )
    state.polarized_mj = {"ch1": 3050305_000, "ch2": 97838_000}
    assert state.packet() == RECORDED


@pytest.mark.parametrize(
    "name", ["sample", "sample_plus_10s", "before_wrap", "after_wrap", "after_reset"]
)
def test_captured_frame_decodes_to_its_published_values(name):
    frame = captured(name)
    expected = dict(frame["decoded"])
    (packet,) = PacketDecoder().receive(bytes.fromhex(frame["hex"]))
    assert packet.reset_counter == expected["reset_counter"]
    assert packet.voltage_v == expected["voltage"]
    for field in ("absolute_ws", "polarized_ws", "current_a", "aux_ws"):
        assert getattr(packet, field) == tuple(expected[field])
    for field in ("serial_number", "flag", "unit_id", "seconds", "dc_voltage_raw"):
        assert getattr(packet, field) == expected[field]


def test_captured_frame_with_a_bad_checksum_is_refused():
    decoder = PacketDecoder()
    assert decoder.receive(bytes.fromhex(captured("bad_checksum")["hex"])) == []
    assert len(decoder.receive(RECORDED)) == 1


def test_captured_noise_with_a_false_header_does_not_hide_the_two_packets_after_it():
    packets = PacketDecoder().receive(bytes.fromhex(captured("noise_then_two_frames")["hex"]))
    assert [packet.seconds for packet in packets] == [9700, 9710]


def test_captured_truncated_frame_waits_and_is_dropped_on_demand():
    data = bytes.fromhex(captured("truncated")["hex"])
    decoder = PacketDecoder()
    assert decoder.receive(data) == []
    assert decoder.pending_bytes == len(data)
    decoder.drop_partial()
    assert decoder.pending_bytes == 0
    assert decoder.skipped_bytes == len(data)
    assert decoder.receive(RECORDED) == [parse(RECORDED)]


def test_packet_that_holds_header_and_footer_in_its_counters_is_one_packet():
    state = MeterState()
    state.set_counters_ws({"ch1": 0xFE03FFFE, "aux1": 0x03FFFE, "aux2": 0xFEFF}, seconds=0x03FFFE)
    frame = state.packet()
    assert frame.count(HEADER) > 1
    assert PacketDecoder().receive(RECORDED + frame + RECORDED) == [
        parse(RECORDED),
        parse(frame),
        parse(RECORDED),
    ]


def test_broken_packet_costs_itself_and_not_the_next_one():
    broken = RECORDED[:40] + RECORDED[41:]
    assert PacketDecoder().receive(broken + another_packet()) == [parse(another_packet())]


def test_packet_of_another_model_is_not_taken():
    other = bytearray(RECORDED)
    other[2] = 0x01
    other[64] = sum(other[:64]) % 256
    assert PacketDecoder().receive(bytes(other)) == []


@given(
    st.lists(st.sampled_from([RECORDED, another_packet(), b"\xfe\xff\x03", b"\x00\xfe", b"\xfc"])),
    st.data(),
)
def test_split_anywhere_decodes_the_same(parts, data):
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    whole, pieces = PacketDecoder(), PacketDecoder()
    expected = whole.receive(stream)
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += pieces.receive(stream[start:end])
    assert found == expected
    assert pieces.pending_bytes == whole.pending_bytes
    assert pieces.skipped_bytes == whole.skipped_bytes


def test_split_into_single_bytes_decodes_the_same():
    decoder = PacketDecoder()
    found = [packet for byte in RECORDED * 2 for packet in decoder.receive(bytes([byte]))]
    assert found == [parse(RECORDED)] * 2


NOISE = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.sampled_from([HEADER, FOOTER, b"\xfe", b"\xff", HEADER + bytes(59) + FOOTER]),
    ),
    max_size=20,
)


@given(NOISE)
def test_noise_yields_only_true_packets_and_never_grows_the_buffer(chunks):
    decoder = PacketDecoder()
    found = []
    for chunk in chunks:
        found += decoder.receive(chunk)
        assert decoder.pending_bytes < PACKET_LENGTH
    stream = b"".join(chunks)
    true_packets = sum(
        parse(stream[at : at + PACKET_LENGTH]) is not None for at in range(len(stream))
    )
    assert len(found) <= true_packets
    assert decoder.skipped_bytes + decoder.pending_bytes + 65 * len(found) == len(stream)


@given(NOISE)
def test_noise_before_a_packet_never_hides_it_for_longer_than_one_packet(chunks):
    stream = b"".join(chunks) + RECORDED + RECORDED
    assert parse(RECORDED) in PacketDecoder().receive(stream)


@given(st.integers(0, PACKET_LENGTH - 1), st.integers(1, 255))
def test_changed_byte_never_passes(position, change):
    changed = bytearray(RECORDED)
    changed[position] ^= change
    decoder = PacketDecoder()
    assert decoder.receive(bytes(changed)) == []
    assert decoder.receive(RECORDED) == [parse(RECORDED)]
