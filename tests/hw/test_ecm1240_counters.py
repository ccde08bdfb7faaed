# SPDX-License-Identifier: Apache-2.0
"""Energy between two packets: exact over every wrap, and no figure where none is due."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pdu_agent.hw.ecm1240.counters import (
    AUX_MODULUS,
    CHANNEL_NAMES,
    MAIN_MODULUS,
    SECONDS_MODULUS,
    Interval,
    Restart,
    Sign,
    between,
)
from pdu_agent.hw.ecm1240.packet import Packet, parse

RECORDED = parse(
    bytes.fromhex((Path(__file__).parent / "data/ecm1240_recorded.hex").read_text(encoding="ascii"))
)
CAPTURES = Path(__file__).parents[2] / "../shared/captures/ecm1240.json"
MAX_POWER_W = 25_000.0
ABSOLUTE = {"ch1": Sign.ABSOLUTE, "ch2": Sign.ABSOLUTE}
BRULTECH = {"ch1": Sign.BRULTECH, "ch2": Sign.BRULTECH}
BTMON = {"ch1": Sign.BTMON, "ch2": Sign.BTMON}

mains_ws = st.integers(0, MAIN_MODULUS - 1)
auxes_ws = st.integers(0, AUX_MODULUS - 1)


def later(
    old: Packet,
    seconds: int = 10,
    absolute: tuple[int, int] = (0, 0),
    polarized: tuple[int, int] = (0, 0),
    aux: tuple[int, ...] = (0, 0, 0, 0, 0),
) -> Packet:
    """The packet that the meter sends after counting that much, wrapping as it does."""
    return replace(
        old,
        seconds=(old.seconds + seconds) % SECONDS_MODULUS,
        absolute_ws=grown(old.absolute_ws, absolute, MAIN_MODULUS),
        polarized_ws=grown(old.polarized_ws, polarized, MAIN_MODULUS),
        aux_ws=grown(old.aux_ws, aux, AUX_MODULUS),
    )


def grown(counters: tuple[int, ...], by: tuple[int, ...], modulus: int) -> tuple[int, ...]:
    return tuple((old + more) % modulus for old, more in zip(counters, by, strict=True))


def step(old: Packet, new: Packet, elapsed_s: float = 10.0, signs=ABSOLUTE):
    return between(old, new, elapsed_s, MAX_POWER_W, signs)


def test_ten_seconds_at_known_loads():
    new = later(RECORDED, 10, (12_000, 5_000), (12_000, 0), (1, 2_000, 0, 4_000, 5_000))
    interval = step(RECORDED, new)
    assert interval == Interval(
        span_s=10,
        energy_mj=dict(
            zip(
                CHANNEL_NAMES,
                (12_000_000, 5_000_000, 1_000, 2_000_000, 0, 4_000_000, 5_000_000),
                strict=True,
            )
        ),
    )
    assert interval.power_w("ch1") == 1200.0
    assert interval.power_w("aux1") == 0.1


def captured_frames() -> list[dict]:
    if not CAPTURES.exists():
        return []
    return json.loads(CAPTURES.read_text(encoding="utf-8"))["frames"]


PAIRS = [frame for frame in captured_frames() if "elapsed_s" in frame.get("expect_vs", {})]


@pytest.mark.skipif(not PAIRS, reason="the folder of shared captures is not here")
@pytest.mark.parametrize("frame", PAIRS, ids=lambda frame: frame["name"])
def test_captured_pair_gives_its_published_powers(frame):
    expected = frame["expect_vs"]
    frames = {other["name"]: parse(bytes.fromhex(other["hex"])) for other in captured_frames()}
    old, new = frames[expected["prev"]], frames[frame["name"]]
    for key, signs in (
        ("abs_watts", ABSOLUTE),
        ("net_watts_brultech_sign", BRULTECH),
        ("net_watts_btmon_sign", BTMON),
    ):
        interval = step(old, new, expected["elapsed_s"], signs)
        assert interval.span_s == expected["elapsed_s"]
        if key in expected:
            assert [interval.power_w(name) for name in ("ch1", "ch2")] == expected[key]
        assert [interval.power_w(f"aux{n}") for n in range(1, 6)] == expected["aux_watts"]


@pytest.mark.skipif(not PAIRS, reason="the folder of shared captures is not here")
def test_captured_reset_gives_no_figure():
    frames = {frame["name"]: frame["hex"] for frame in captured_frames()}
    old = parse(bytes.fromhex(frames["sample_plus_10s"]))
    new = parse(bytes.fromhex(frames["after_reset"]))
    assert step(old, new) is Restart.RESET_COUNTER


def test_each_mains_channel_has_its_own_sign():
    new = later(RECORDED, 10, absolute=(1000, 1000), polarized=(800, 800))
    signs = {"ch1": Sign.BRULTECH, "ch2": Sign.BTMON}
    interval = step(RECORDED, new, signs=signs)
    assert interval.energy_mj["ch1"] == -600_000
    assert interval.energy_mj["ch2"] == 600_000


@given(
    start=st.tuples(mains_ws, mains_ws, mains_ws, mains_ws),
    aux_start=st.tuples(*[auxes_ws] * 5),
    seconds=st.integers(0, SECONDS_MODULUS - 1),
    span_s=st.integers(1, 86_400),
    loads_w=st.tuples(*[st.integers(0, 25_000)] * 7),
    shares=st.tuples(st.integers(0, 100), st.integers(0, 100)),
)
def test_energy_is_exact_wherever_the_counters_stand(
    start, aux_start, seconds, span_s, loads_w, shares
):
    old = replace(
        RECORDED,
        absolute_ws=start[:2],
        polarized_ws=start[2:],
        aux_ws=aux_start,
        seconds=seconds,
    )
    counted = tuple(load_w * span_s for load_w in loads_w)
    polarized = (counted[0] * shares[0] // 100, counted[1] * shares[1] // 100)
    new = later(old, span_s, counted[:2], polarized, counted[2:])
    interval = step(old, new, float(span_s))
    assert [interval.energy_mj[name] for name in CHANNEL_NAMES] == [1000 * ws for ws in counted]
    net = step(old, new, float(span_s), BRULTECH)
    assert net.energy_mj["ch2"] == 1000 * (counted[1] - 2 * polarized[1])


@pytest.mark.parametrize(
    ("old", "counted"),
    [
        (replace(RECORDED, absolute_ws=(MAIN_MODULUS - 1, 0), polarized_ws=(0, 0)), "ch1"),
        (replace(RECORDED, aux_ws=(0, 0, 0, 0, AUX_MODULUS - 1)), "aux5"),
        (replace(RECORDED, seconds=SECONDS_MODULUS - 1), "ch2"),
    ],
    ids=["40 bits", "32 bits", "24 bits"],
)
def test_step_over_a_wrap_is_a_step(old, counted):
    loads = {name: 7 if name == counted else 0 for name in CHANNEL_NAMES}
    new = later(old, 10, (loads["ch1"], loads["ch2"]), aux=(0, 0, 0, 0, loads["aux5"]))
    assert step(old, new) == Interval(10, {name: 1000 * ws for name, ws in loads.items()})


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (replace(later(RECORDED), flag=0x99), Restart.RESET_COUNTER),
        (replace(later(RECORDED), serial_number=435), Restart.OTHER_METER),
        (replace(later(RECORDED), unit_id=6), Restart.OTHER_METER),
        (later(RECORDED, 0, (5, 5)), Restart.NO_TIME),
        (replace(RECORDED, seconds=12), Restart.BACKWARDS),
        (replace(RECORDED, seconds=9699), Restart.BACKWARDS),
        (later(RECORDED, 100), Restart.CLOCK_MISMATCH),
        (later(RECORDED, 10, (300_001, 0)), Restart.TOO_MUCH),
        (later(RECORDED, 10, aux=(0, 0, 0, 0, 300_001)), Restart.TOO_MUCH),
        (later(RECORDED, 10, (-1, 0)), Restart.TOO_MUCH),
        (later(RECORDED, 10, (100, 100), (100, 102)), Restart.POLARIZED),
    ],
)
def test_implausible_pair_gives_no_figure_and_says_why(new, reason):
    assert step(RECORDED, new) is reason


def test_upper_bits_of_the_flag_are_polarity_and_no_reset():
    assert isinstance(step(RECORDED, replace(later(RECORDED), flag=0x00)), Interval)


def test_polarity_bits_and_rounding_do_not_break_a_count():
    new = later(RECORDED, 10, absolute=(0, 100), polarized=(1, 101))
    assert isinstance(step(RECORDED, new), Interval)


def test_limit_is_the_power_with_its_margin():
    assert isinstance(step(RECORDED, later(RECORDED, 10, (300_000, 0))), Interval)


@given(elapsed_s=st.floats(0, 65), span_s=st.integers(1, 60))
def test_packets_that_waited_in_a_buffer_still_count(elapsed_s, span_s):
    assume(abs(elapsed_s - span_s) <= 60)
    interval = step(RECORDED, later(RECORDED, span_s, (span_s, 0)), elapsed_s)
    assert interval.energy_mj["ch1"] == 1000 * span_s


def test_gap_of_a_day_brings_its_energy():
    day_s = 86_400
    new = later(RECORDED, day_s, (day_s * 2_000, 0), aux=(day_s * 100, 0, 0, 0, 0))
    interval = step(RECORDED, new, day_s + 40.0)
    assert interval.energy_mj["ch1"] == day_s * 2_000_000
    assert interval.power_w("aux1") == 100.0


def test_gap_in_which_a_small_counter_may_have_wrapped_unseen_has_no_figure_for_it():
    month_s = 30 * 86_400
    new = later(RECORDED, month_s, (month_s * 2_000, 0), aux=(100, 0, 0, 0, 0))
    interval = step(RECORDED, new, float(month_s))
    assert interval.energy_mj["ch1"] == month_s * 2_000_000
    assert [interval.energy_mj[f"aux{n}"] for n in range(1, 6)] == [None] * 5
    assert interval.power_w("aux1") is None
