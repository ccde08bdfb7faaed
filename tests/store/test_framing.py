# SPDX-License-Identifier: Apache-2.0
"""The record's file form: exact round trip, and no damage goes unnoticed."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import MeterRecord, OutletRecord, Override, Record
from pdu_agent.store.framing import BLOCK_BYTES, HEADER_BYTES, MAX_RECORD_BYTES, decode, encode

SMALL = Record(
    seq=7,
    boots=2,
    boot_id="b",
    engine_id=b"\x80\x00\x1f\x88",
    wall_s=1.5,
    outlets={1: OutletRecord("on", actor=("snmp", "u", "::1"))},
    meters={"outlet 1": MeterRecord(3_600_000, 0.25)},
    overrides={"outlet 1 name": Override("café", None)},
)

finite = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | finite
outlets = st.builds(
    OutletRecord,
    state=st.text(max_size=9),
    target_on=st.booleans(),
    deadline_s=maybe,
    switch_count=st.integers(0, 2**63),
    actor=st.none() | st.tuples(st.text(), st.text(), st.text()),
    changed_wall_s=maybe,
)
meters = st.builds(
    MeterRecord, energy_mj=st.integers(), remainder_mj=finite, user_zero_mj=st.integers()
)
records = st.builds(
    Record,
    seq=st.integers(0, 2**63),
    boots=st.integers(0, 2**31 - 1),
    boot_id=st.text(),
    engine_id=st.binary(max_size=32),
    wall_s=finite,
    outlets=st.dictionaries(st.integers(1, 64), outlets, max_size=3),
    meters=st.dictionaries(st.text(), meters, max_size=3),
    overrides=st.dictionaries(
        st.text(), st.builds(Override, st.text() | finite, st.none() | st.text() | finite)
    ),
)


def test_header_is_one_readable_line_and_the_rest_is_json():
    header, payload = encode(SMALL).split(b"\n", 1)
    start = b"openpdu-record 1 %08x " % len(payload)
    assert header == start + b"%08x" % zlib.crc32(start + payload)
    assert len(header) + 1 == HEADER_BYTES
    assert json.loads(payload)["meters"]["outlet 1"]["energy_mj"] == 3_600_000


def test_file_is_whole_blocks_however_long_the_record():
    for outlets in (0, 1, 8, 64):
        grown = replace(SMALL, outlets={n: OutletRecord("on") for n in range(1, outlets + 1)})
        assert len(encode(grown)) % BLOCK_BYTES == 0
    assert len(encode(SMALL)) == BLOCK_BYTES


def test_equal_records_give_equal_bytes():
    two = {2: OutletRecord("off"), 1: OutletRecord("on")}
    assert encode(Record(outlets=two)) == encode(Record(outlets=dict(sorted(two.items()))))


@settings(max_examples=50)
@given(records)
def test_every_record_comes_back_as_it_was(record: Record):
    assert decode(encode(record)) == record


@settings(max_examples=50)
@given(records)
def test_a_small_record_rounds_what_meters_cannot_tell_and_nothing_else(record: Record):
    small = decode(encode(record, small=True))
    assert replace(small, meters=record.meters) == record
    for key, row in record.meters.items():
        rounded = round(row.remainder_mj, 3)
        assert small.meters[key] == replace(row, remainder_mj=rounded)


def metered_rack() -> Record:
    """64 outlets after a day of use: every number has all the digits that it ever gets."""
    random = Random(1)
    meters = {
        f"outlet {n}": MeterRecord(
            energy_mj=random.randrange(10**12),
            remainder_mj=random.random(),
            user_since_wall_s=1_795_314_341.1436336,
            peak_power_w=random.uniform(0, 3000),
            peak_wall_s=1_795_314_341 + random.uniform(0, 80_000),
            peak_power_since_wall_s=1_795_314_341.1436336,
            peak_current_a=random.uniform(0, 16),
            peak_current_wall_s=1_795_314_341 + random.uniform(0, 80_000),
            peak_current_since_wall_s=1_795_314_341.1436336,
            peak_demand_w=random.uniform(0, 3000),
            peak_demand_wall_s=1_795_314_341 + random.uniform(0, 80_000),
            inductive_mvars=random.randrange(10**11),
            capacitive_mvars=0,
        )
        for n in range(1, 65)
    }
    return replace(SMALL, meters=meters, outlets={n: OutletRecord("on") for n in range(1, 65)})


def test_a_record_of_64_metered_outlets_takes_one_block_of_the_card():
    assert len(encode(metered_rack(), small=True)) == BLOCK_BYTES
    assert len(encode(metered_rack())) > 5 * BLOCK_BYTES


def test_every_change_and_every_cut_of_a_small_record_is_recognised():
    whole = bytearray(encode(SMALL, small=True))
    for position, original in enumerate(whole):
        whole[position] = original ^ 0x41
        with pytest.raises(StoreError):
            decode(bytes(whole))
        with pytest.raises(StoreError):
            decode(bytes(whole[:position]))
        whole[position] = original
    assert decode(bytes(whole)) == SMALL


def test_every_truncated_prefix_is_recognised():
    whole = encode(SMALL)
    for length in range(len(whole)):
        with pytest.raises(StoreError):
            decode(whole[:length])


def test_every_change_of_one_byte_is_recognised():
    whole = bytearray(encode(SMALL))
    end_of_text = whole.index(b"  ") + 2
    one_bit_or_all = [1 << bit for bit in range(8)] + [0xFF]
    for position, original in enumerate(whole):
        for flips in range(1, 256) if position < end_of_text else one_bit_or_all:
            whole[position] = original ^ flips
            try:
                decode(bytes(whole))
            except StoreError:
                continue
            pytest.fail(f"byte {position} changed to {whole[position]:#x} went unnoticed")
        whole[position] = original
    assert decode(bytes(whole)) == SMALL


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "is empty"),
        (b"\0" * 4096, "does not begin as a record"),
        (b"openpdu-record 3 00000000 00000000\n", "of another format than 1 and 2"),
        (encode(SMALL)[:-5], "torn or altered: .* bytes"),
        (encode(SMALL) + b" ", "torn or altered"),
        (encode(SMALL).replace(b"openpdu-record 1 0", b"openpdu-record 1 O"), "torn or altered"),
    ],
)
def test_damage_is_named(data: bytes, text: str):
    with pytest.raises(StoreError, match=text):
        decode(data)


def sealed(payload: bytes, version: bytes = b"1") -> bytes:
    start = b"openpdu-record %s %08x " % (version, len(payload))
    return start + b"%08x\n" % zlib.crc32(start + payload) + payload


def test_small_file_with_foreign_content_is_refused():
    bomb = zlib.compress(b"{" + b" " * (MAX_RECORD_BYTES + 1))
    cut = zlib.compress(b"{}")[:-2]
    for stream in (bomb, cut, b"none", *map(zlib.compress, (b"{}", b"[]", b"{", b"\xff"))):
        with pytest.raises(StoreError):
            decode(sealed(stream, b"2"))


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"[]", "holds a list"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b'{"schema":99}', "schema 99, this version reads 1"),
        (b'{"schema":1,"seq":1}', "does not fit its schema"),
    ],
)
def test_sound_file_with_foreign_content_is_refused(payload: bytes, text: str):
    with pytest.raises(StoreError, match=text):
        decode(sealed(payload))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_number_without_a_json_form_is_refused_when_written(value: float):
    with pytest.raises(StoreError, match="record 7 cannot be stored"):
        encode(replace(SMALL, wall_s=value))
