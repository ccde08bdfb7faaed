# SPDX-License-Identifier: Apache-2.0
"""Any bytes at all on a serial line: no exception but HardwareError, and no value that was not
framed right. What is framed right is decided here once more, apart from the drivers.
"""

import re
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.cse7766 import Cse7766Meter, Cse7766Settings
from pdu_agent.hw.cse7766 import meter as cse7766
from pdu_agent.hw.ecm1240 import Ecm1240Meter, Ecm1240Settings
from pdu_agent.hw.ecm1240 import meter as ecm1240
from pdu_agent.hw.lcus import LcusBank, LcusSettings
from pdu_agent.hw.modbus.client import Client
from pdu_agent.hw.modbus.messages import RtuFraming, TcpFraming, read_request
from pdu_agent.hw.numato import NumatoBank, NumatoSettings
from pdu_agent.hw.pipdu.telemetry import LineDecoder, parse_line
from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.quantities import Quality

PACKET = bytes.fromhex(
    "feff03050861bf320000cfed070000418b2e00002e7e010000b2010500b201980515005418e42500460000003f000000"
    "410000003f00000041000000ff01fffe9e"
)
FRAMES = (
    bytes.fromhex("555a02f1e800079d003f3e0035f850db3800b2a2f1d6973e"),
    bytes.fromhex("f25a02f76000036100401005724051a65863101be17f4d4e"),
    bytes.fromhex("555a02db40000325003d18038ecd4f0a602a56856101021a"),
)
RESPONSES = (
    bytes.fromhex("0103025a0542e7"),
    bytes.fromhex("010304fffffee4ba3c"),
    bytes.fromhex("018302c0f1"),
)


@st.composite
def spoilt(draw, good: tuple[bytes, ...]) -> bytes:
    """A good frame, as it is, cut, or with some of its bytes changed."""
    frame = bytearray(draw(st.sampled_from(good)))
    for place in draw(st.lists(st.integers(0, len(frame) - 1), max_size=3)):
        frame[place] = draw(st.integers(0, 255))
    return bytes(frame[: draw(st.integers(1, len(frame)))])


def streams(*good: bytes):
    """Pieces as a port hands them out: noise, good frames, spoilt ones."""
    piece = st.one_of(st.binary(max_size=80), st.sampled_from(good), spoilt(good))
    return st.lists(piece, max_size=12)


class Port:
    """In place of a SerialPort: gives one piece at each reading."""

    path = "/dev/fuzz"

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = list(pieces)

    def open(self) -> None:
        pass

    def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def write(self, data: bytes) -> None:
        pass

    def drop_input(self) -> None:
        pass

    def close(self) -> None:
        pass


def samples_of(module, driver, settings, pieces: list[bytes]) -> list:
    """Of a driver that hears these pieces, one each second."""
    clock = ManualClock()
    with mock.patch.object(module, "SerialPort", return_value=Port(pieces)):
        meter = driver(settings, clock)
    meter.open()
    found = []
    for _ in range(3 * len(pieces) + 3):
        try:
            sample = meter.poll(0)
        except HardwareError:
            meter.open()
            sample = None
        found += [sample] if sample is not None else []
        clock.advance(1)
    return found


def windows(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(len(stream) - size + 1)]


@given(pieces=streams(PACKET), polled=st.booleans())
def test_ecm1240(pieces, polled):
    settings = Ecm1240Settings("/dev/fuzz", mode="polled" if polled else "realtime", interval_s=2)
    true = {
        round(int.from_bytes(packet[3:5], "big") / 10, 1)
        for packet in windows(b"".join(pieces), 65)
        if packet[:3] == b"\xfe\xff\x03"
        and packet[62:64] == b"\xff\xfe"
        and sum(packet[:64]) % 256 == packet[64]
    }
    for sample in samples_of(ecm1240, Ecm1240Meter, settings, pieces):
        for shown, energy_mj in sample.channels.values():
            assert shown.voltage_v in true
            assert shown.voltage_v <= 500
            assert shown.current_a is None or shown.current_a * shown.voltage_v <= 100_000
            assert energy_mj is None or 0 <= energy_mj <= 25e6 * 1.2 * sample.span_s


@given(pieces=streams(*FRAMES))
def test_cse7766(pieces):
    true = {
        int.from_bytes(frame[2:5], "big") / int.from_bytes(frame[5:8], "big")
        for frame in windows(b"".join(pieces), 24)
        if frame[1] == 0x5A and sum(frame[2:23]) % 256 == frame[23] and any(frame[5:8])
    }
    settings = Cse7766Settings("/dev/fuzz")
    for sample in samples_of(cse7766, Cse7766Meter, settings, pieces):
        ((shown, energy_mj),) = sample.channels.values()
        assert shown.quality is Quality.OK
        assert shown.voltage_v is None or (shown.voltage_v in true and shown.voltage_v <= 500)
        assert shown.active_power_w is None or 0 <= shown.active_power_w <= 4000
        assert energy_mj is None or 0 <= energy_mj <= 4e6 * 1.2 * (sample.span_s + 1) * 2


def crc(data: bytes) -> bytes:
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register, low = register >> 1, register & 1
            register ^= 0xA001 * low
    return bytes([register & 0xFF, register >> 8])


class Line:
    """In place of a Modbus line: what comes is fuzz, and time does not pass."""

    path = "/dev/fuzz"

    def __init__(self, framing, pieces: list[bytes]) -> None:
        self.framing = framing
        self._pieces = list(pieces)

    def open(self, user: object) -> None:
        pass

    def exchange(self, unit: int, request, timeout_s: float) -> bytes | None:
        sent = self.framing.frame(unit, request.message)
        received = self._pieces.pop(0) if self._pieces else b""
        return self.framing.response(received, sent, unit, request)

    def listen(self, seconds: float) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@given(pieces=streams(*RESPONSES), words=st.integers(1, 2))
def test_modbus_rtu(pieces, words):
    client = Client(Line(RtuFraming(0.001), pieces), 1, 0.1)
    client.open()
    try:
        found = client.read(3, 0x0131, words)
    except HardwareError:
        return
    data = b"".join(word.to_bytes(2, "big") for word in found)
    frame = bytes([1, 3, 2 * words]) + data
    assert len(found) == words
    assert any(frame + crc(frame) in piece for piece in pieces)


@given(pieces=streams(bytes.fromhex("0001000000050103025a05"), bytes.fromhex("000200000003018302")))
def test_modbus_tcp(pieces):
    client = Client(Line(TcpFraming(), pieces), 1, 0.1)
    client.open()
    try:
        found = client.read(3, 0x0131, 1)
    except HardwareError:
        return
    answer = b"\x01\x03\x02" + found[0].to_bytes(2, "big")
    assert any(b"\x00\x00\x00\x05" + answer in piece for piece in pieces)


@given(received=st.binary(max_size=300), unit=st.integers(1, 248), words=st.integers(1, 125))
def test_modbus_framings_take_any_bytes(received, unit, words):
    request = read_request(4, 7, words)
    for framing in (RtuFraming(0.001), TcpFraming()):
        sent = framing.frame(unit, request.message)
        for bytes_before in (b"", sent):
            message = framing.response(bytes_before + received, sent, unit, request)
            assert message is None or message[0] in (4, 0x84)


LINE = b" ".join(b"1.25" for _ in range(16)) + b" \r\n"


@given(pieces=streams(LINE, LINE.replace(b" ", b",")))
def test_pipdu(pieces):
    decoder = LineDecoder()
    lines = b"".join(pieces).split(b"\n")
    for piece in pieces:
        for values in decoder.receive(piece):
            assert len(values) == 16
            assert any(values == parse_line(line) for line in lines)


@pytest.mark.parametrize("word", ["1_0", "1e3", "inf", "nan", "0x10", "+1", "1.", ".5", "\u0661"])
def test_pipdu_sends_plain_numbers_only(word):
    assert parse_line(" ".join([word] + ["1.0"] * 15).encode()) is None
    assert parse_line(" ".join(["-13.51"] + ["1.0"] * 15).encode()) is not None


@given(pieces=streams(b"relay readall\n\r0f\n\r>", b"\r>", b">"))
def test_numato(pieces):
    bank = NumatoBank(Port(pieces), NumatoSettings(own_supply=True), RelayMemory(None, "a", 8))
    shown = read(bank)
    if shown is not None:
        mask = sum(closed << relay for relay, closed in enumerate(shown))
        said = re.findall(rb"[0-9a-fA-F]{1,2}", b"".join(pieces))
        assert any(int(each, 16) == mask for each in said)


@pytest.mark.parametrize("answer", ["0_f", "+f", "0x0f", "00f", "f f", "-1"])
def test_numato_takes_no_number_that_is_merely_like_one(answer):
    """A state that is read wrong would be written back to the other relays."""
    said = f"relay readall\n\r{answer}\n\r>".encode()
    bank = NumatoBank(Port([said]), NumatoSettings(own_supply=True), RelayMemory(None, "a", 8))
    with pytest.raises(HardwareError, match="answered"):
        bank.read_back([0])


@given(pieces=streams(b"CH1: ON\r\nCH2: OFF\r\n", b"CH1:OFF\r\n"))
def test_lcus(pieces):
    settings = LcusSettings(relay_count=2, own_supply=True)
    read(LcusBank(Port(pieces), settings, RelayMemory(None, "a", 2)))


def read(bank) -> list[bool] | None:
    """What a board of relays shows; None where it is a HardwareError or not told."""
    with mock.patch("pdu_agent.hw.serial_relays.ANSWER_S", 0.002):
        try:
            shown = bank.read_back(range(bank.relay_count))
        except HardwareError:
            return None
    return None if None in shown.values() else [shown[relay] for relay in range(bank.relay_count)]
