# SPDX-License-Identifier: Apache-2.0
"""Passwords are kept as scrypt, and told from each other."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from pdu_agent.access.accounts import password as module
from pdu_agent.access.accounts.password import NOBODYS, check_kept, check_password, hashed, matches
from pdu_agent.model.errors import InvalidValue


def test_known_answer_of_rfc_7914_section_12() -> None:
    expected = base64.b64encode(
        bytes.fromhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    ).decode()
    salt = base64.b64encode(b"SodiumChloride\0\0").decode()
    derived = hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride", n=2**14, r=8, p=1, dklen=32)
    assert base64.b64encode(derived).decode() == expected
    assert not matches("pleaseletmein", f"scrypt$16384$8$1${salt}${expected}")  # another salt


def test_a_password_matches_its_own_hash_alone() -> None:
    kept = hashed("correct horse")
    assert kept.startswith("scrypt$16384$8$1$")
    assert kept != hashed("correct horse")
    assert matches("correct horse", kept)
    assert not matches("correct horsE", kept)
    assert not matches("\udcff", kept)


def test_an_accent_is_the_same_however_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COST", 2)
    assert matches("cafe\u0301-bar", hashed("caf\u00e9-bar"))


def test_the_hash_of_nobody_is_a_hash_at_full_cost() -> None:
    check_kept(NOBODYS)
    assert NOBODYS.split("$")[:4] == hashed("12345678").split("$")[:4]
    assert not matches("", NOBODYS)


@pytest.mark.parametrize("wrong", [None, 7, "", "1234567", "x" * 129, "anna1234", "\udcff" * 8])
def test_passwords_that_nobody_may_have(wrong: Any) -> None:
    with pytest.raises(InvalidValue, match="password") as caught:
        check_password(wrong, "Anna1234")
    if wrong:
        assert str(wrong) not in str(caught.value).replace("password", "")


@pytest.mark.parametrize("right", ["12345678", "x" * 128, "größer 🐎 als"])
def test_passwords_that_one_may_have(right: str) -> None:
    assert check_password(right, "anna") == right


@pytest.mark.parametrize(
    "kept",
    ["", "scrypt", "bcrypt$1$2$3$4$5", "scrypt$3$8$1$AAAA$AAAA", "scrypt$16384$8$1$$", "$" * 5],
)
def test_what_is_no_hash_is_refused(kept: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        check_kept(kept)
