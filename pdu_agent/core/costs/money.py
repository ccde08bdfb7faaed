# SPDX-License-Identifier: Apache-2.0
"""Amounts of money: exact while they are summed, rounded once, where they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

MICROS = 1_000_000
"""Of a unit of the currency: as finely as a price may be given."""
MJ_PER_KWH = 3_600_000_000

_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"
_WITH_FOUR = "CLF UYW"
_WITH_TWO = """\
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS
VED VES WST XCD XCG YER ZAR ZMW ZWG"""
CURRENCIES = {
    code: digits
    for codes, digits in (
        (_WITHOUT_DECIMALS, 0),
        (_WITH_TWO, 2),
        (_WITH_THREE, 3),
        (_WITH_FOUR, 4),
    )
    for code in codes.split()
}
"""Money that is in use, and the decimals of its minor unit (ISO 4217)."""
_PRICE = re.compile(r"(-?)(\d{1,6})(?:\.(\d{1,6}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Price:
    """Millionths of a unit of the currency: for a kilowatt hour, or for a day."""

    micros: int

    def __str__(self) -> str:
        sign = "-" if self.micros < 0 else ""
        whole, rest = divmod(abs(self.micros), MICROS)
        return f"{sign}{whole}.{rest:06d}".rstrip("0").rstrip(".")


def parse_price(text: str) -> Price:
    """An amount as people write it, such as 0.3125. Raises ValueError."""
    match = _PRICE.fullmatch(text)
    if match is None:
        raise ValueError
    sign, whole, decimals = match[1], match[2], match[3] or ""
    micros = int(whole) * MICROS + int(decimals.ljust(6, "0"))
    return Price(-micros if sign else micros)


def rounded(amount: Fraction, digits: int) -> float:
    """To so many decimals; a half goes away from zero, as on a bill."""
    scale = int("1" + "0" * digits)
    scaled = abs(amount) * scale
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return -units / scale if amount < 0 and units else units / scale


class Total:
    """A sum of amounts, exact whatever their number: millijoules times micros of a kWh.

    Most prices are whole micros; the others (means of a line between two prices) are kept
    apart by their denominators, so that adding stays adding of integers.
    """

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: dict[int, int] = {}

    def add_part(self, part: int, denominator: int) -> None:
        """part: sums of millijoules, each times the numerator of its price in micros of a kWh."""
        self._parts[denominator] = self._parts.get(denominator, 0) + part

    @property
    def amount(self) -> Fraction:
        """In units of the currency."""
        sums = (Fraction(part, denominator) for denominator, part in self._parts.items())
        return sum(sums, Fraction(0)) / (MJ_PER_KWH * MICROS)
