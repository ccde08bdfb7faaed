# SPDX-License-Identifier: Apache-2.0
"""Users and tokens: all or nothing, and always somebody who can let others in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.access.accounts import accounts as module
from pdu_agent.access.accounts.accounts import Accounts
from pdu_agent.access.accounts.book import Book, from_plain, to_plain
from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.accounts.user import User
from pdu_agent.access.grant import EVERY_OUTLET, Grant, Rights
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import (
    CommandError,
    InvalidValue,
    NotNow,
    StoreError,
    TableFull,
    Unavailable,
    UnknownTarget,
)

HASH = "scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA==$" + "A" * 43 + "="


def family() -> Accounts:
    accounts = Accounts(clock=ManualClock())
    accounts.add_user("anna", Role.ADMIN, HASH, {})
    accounts.add_user("otto", Role.OPERATOR, HASH, {"3": Rights.NONE})
    return accounts


def test_the_first_user_is_an_administrator() -> None:
    accounts = Accounts()
    with pytest.raises(NotNow, match="administrator"):
        accounts.add_user("otto", Role.OPERATOR, HASH, {})
    assert accounts.users == []


def test_a_name_that_differs_in_capitals_only_is_refused() -> None:
    accounts = family()
    with pytest.raises(NotNow, match="'otto' already: 'Otto' differs in capitals only"):
        accounts.add_user("Otto", Role.VIEWER, HASH, {})
    assert [user.name for user in accounts.users] == ["anna", "otto"]


def test_a_book_of_before_with_such_names_is_read_and_each_of_them_may_go() -> None:
    users = {name: User(name, Role.ADMIN, HASH, {}) for name in ("otto", "Otto")}
    accounts = Accounts(from_plain(to_plain(Book(users))))
    accounts.set_password("Otto", HASH)
    accounts.remove_user("Otto")
    assert [user.name for user in accounts.users] == ["otto"]


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.remove_user("anna"),
        lambda accounts: accounts.change_user("anna", Role.OPERATOR),
        lambda accounts: accounts.change_user("anna", Role.VIEWER, {}),
    ],
)
def test_the_last_administrator_stays(change: Callable[[Accounts], Any]) -> None:
    accounts = family()
    with pytest.raises(NotNow, match="last administrator"):
        change(accounts)
    assert [user.role for user in accounts.users] == [Role.ADMIN, Role.OPERATOR]
    accounts.change_user("otto", Role.ADMIN, {})
    change(accounts)


def test_what_cannot_be_kept_is_not_done() -> None:
    kept: list[Book] = []

    def save(book: Book) -> None:
        if len(kept) == 1:
            raise StoreError("the card is full")
        kept.append(book)

    accounts = Accounts(save=save)
    accounts.add_user("anna", Role.ADMIN, HASH, {})
    with pytest.raises(Unavailable, match="the card is full"):
        accounts.add_user("otto", Role.OPERATOR, HASH, {})
    with pytest.raises(Unavailable):
        accounts.add_token("ci", "anna", Scope.READ, {}, None)
    assert ([user.name for user in accounts.users], accounts.tokens) == (["anna"], ())


def test_trouble_means_nobody_and_no_change() -> None:
    accounts = Accounts(trouble="accounts.json is broken")
    assert accounts.users == []
    with pytest.raises(Unavailable, match="broken"):
        accounts.add_user("anna", Role.ADMIN, HASH, {})


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_rights_on_outlets_replace_those_of_the_role(role: Role) -> None:
    user = User("otto", role, HASH, {"1-2": Rights.WRITE, "others": Rights.NONE})
    assert user.grant.unit is role.rights
    assert user.grant.allows(Rights.WRITE, 2)
    assert not user.grant.allows(Rights.READ, 3)


def test_an_administrator_has_all_rights() -> None:
    with pytest.raises(InvalidValue, match="administrator"):
        User("anna", Role.ADMIN, HASH, {"3": Rights.NONE})
    assert User("anna", Role.ADMIN, HASH).grant.allows(Rights.WRITE, EVERY_OUTLET)


@pytest.mark.parametrize("name", ["", "a b", "ä", "a/b", "-a", "a" * 33, "a\n", None, 7])
def test_names_fit_into_paths_and_log_lines(name: Any) -> None:
    with pytest.raises(InvalidValue, match="name"):
        User(name, Role.VIEWER, HASH)


def test_a_token_is_known_by_its_secret_alone_and_the_secret_is_not_kept() -> None:
    accounts = family()
    token, secret = accounts.add_token("ci", "otto", Scope.SWITCH, {"1": Rights.READ}, None)
    assert accounts.token_of(secret) is token
    for wrong in ("", secret[:-1], secret + "x", token.digest, "x" * 100_000, "\udcff"):
        assert accounts.token_of(wrong) is None
    assert secret not in json.dumps(to_plain(Book({}, {token.id: token})))
    assert secret not in repr(token)
    assert token.digest not in repr(token)


def test_a_token_ends_in_time_and_at_its_removal() -> None:
    clock = ManualClock()
    accounts = Accounts(clock=clock)
    token, _ = accounts.add_token("ci", "", Scope.READ, {}, clock.wall_s() + 10)
    clock.advance(9.9)
    assert accounts.is_in_force(token)
    clock.advance(0.1)
    assert not accounts.is_in_force(token)
    other, secret = accounts.add_token("ci2", "", Scope.READ, {}, None)
    accounts.remove_token(other.id)
    assert not accounts.is_in_force(other)
    assert accounts.token_of(secret) is None


def test_a_users_tokens_go_with_them() -> None:
    accounts = family()
    token, _ = accounts.add_token("ci", "otto", Scope.READ, {}, None)
    stays, _ = accounts.add_token("ci", "anna", Scope.READ, {}, None)
    accounts.remove_user("otto")
    assert not accounts.is_in_force(token)
    assert accounts.tokens == (stays,)


def test_numbers_are_bounded_and_expired_tokens_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOKENS", 2)
    monkeypatch.setattr(module, "MAX_USERS", 2)
    clock = ManualClock()
    accounts = Accounts(clock=clock)
    accounts.add_user("anna", Role.ADMIN, HASH, {})
    accounts.add_user("otto", Role.VIEWER, HASH, {})
    with pytest.raises(TableFull):
        accounts.add_user("more", Role.VIEWER, HASH, {})
    accounts.add_token("a", "", Scope.READ, {}, clock.wall_s() + 1)
    accounts.add_token("b", "", Scope.READ, {}, None)
    with pytest.raises(TableFull):
        accounts.add_token("c", "", Scope.READ, {}, None)
    clock.advance(2)
    accounts.add_token("c", "", Scope.READ, {}, None)
    assert [token.name for token in accounts.tokens] == ["b", "c"]


def test_what_is_not_there_is_named() -> None:
    accounts = family()
    with pytest.raises(UnknownTarget, match="emil"):
        accounts.remove_user("emil")
    with pytest.raises(UnknownTarget, match="emil"):
        accounts.add_token("ci", "emil", Scope.READ, {}, None)
    with pytest.raises(UnknownTarget, match="0123"):
        accounts.remove_token("0123")


def test_a_book_survives_being_written_and_read() -> None:
    accounts = family()
    accounts.add_token("ci", "otto", Scope.SWITCH, {"4-6": Rights.NONE}, None)
    book = Book({user.name: user for user in accounts.users}, {t.id: t for t in accounts.tokens})
    assert from_plain(json.loads(json.dumps(to_plain(book)))) == book


def plain() -> dict[str, Any]:
    accounts = family()
    accounts.add_token("ci", "otto", Scope.SWITCH, {}, None)
    book = Book({user.name: user for user in accounts.users}, {t.id: t for t in accounts.tokens})
    return to_plain(book)


@pytest.mark.parametrize(
    "harm",
    [
        lambda p: p.update(schema=2),
        lambda p: p.pop("tokens"),
        lambda p: p["users"].append(dict(p["users"][0])),
        lambda p: p["users"][0].update(role="root"),
        lambda p: p["users"][0].update(password=""),
        lambda p: p["users"][0].update(password=HASH.replace("16384", "1073741824")),
        lambda p: p["users"][0].update(password=HASH.replace("16384", "1")),
        lambda p: p["users"][0].update(outlets=[]),
        lambda p: p["users"].pop(0),
        lambda p: p["users"].pop(1),
        lambda p: p["users"][1].update(outlets={"x": "read"}),
        lambda p: p["tokens"][0].update(digest=""),
        lambda p: p["tokens"][0].update(scope="all"),
        lambda p: p["tokens"][0].update(expires="tomorrow"),
        lambda p: p["tokens"].append(dict(p["tokens"][0])),
    ],
)
def test_a_broken_book_is_refused_as_a_whole(harm: Callable[[dict[str, Any]], Any]) -> None:
    broken = plain()
    harm(broken)
    with pytest.raises(ValueError, match=r"\S"):
        from_plain(broken)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["users", "tokens"]))
@settings(max_examples=60)
def test_whatever_stands_in_the_file_is_a_book_or_a_value_error(odd: Any, key: str) -> None:
    for whole in (odd, {**plain(), key: odd}, {**plain(), key: [odd]}):
        try:
            from_plain(whole)
        except ValueError:
            continue
        assert whole[key] in ([], {}, "")


RIGHTS = st.sampled_from(Rights)
GRANTS = st.builds(Grant, RIGHTS, RIGHTS, st.dictionaries(st.integers(1, 5), RIGHTS))
PLACES = st.sampled_from([None, 1, 2, 3, 4, 5, 6])


@given(GRANTS, GRANTS, RIGHTS, PLACES)
def test_within_is_what_both_allow(one: Grant, other: Grant, right: Rights, place: Any) -> None:
    both = one.within(other)
    assert both.allows(right, place) == (one.allows(right, place) and other.allows(right, place))
    assert one.covers(both)
    assert other.covers(both)


@given(GRANTS, GRANTS)
def test_covers_is_never_less_anywhere(one: Grant, other: Grant) -> None:
    more = any(
        other.allows(right, place) and not one.allows(right, place)
        for right in Rights
        for place in (None, *range(1, 8))
    )
    assert one.covers(other) is not more


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "remove", "password", "token", "untoken"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(Role),
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=50)
def test_there_is_an_administrator_whatever_is_done(steps: list[tuple[str, str, Role]]) -> None:
    kept: list[Book] = [Book()]
    accounts = Accounts(clock=ManualClock(), save=kept.append)
    for what, name, role in steps:
        before = to_plain(kept[-1])
        try:
            _step(accounts, what, name, role)
        except CommandError:
            assert to_plain(kept[-1]) == before
        assert from_plain(to_plain(kept[-1])) == kept[-1]
        assert accounts.users == sorted(kept[-1].users.values(), key=lambda user: user.name)


def _step(accounts: Accounts, what: str, name: str, role: Role) -> None:
    if what == "add":
        accounts.add_user(name, role, HASH, {})
    elif what == "change":
        accounts.change_user(name, role)
    elif what == "remove":
        accounts.remove_user(name)
    elif what == "password":
        accounts.set_password(name, HASH)
    elif what == "token":
        accounts.add_token("t", name, Scope.READ, {}, None)
    else:
        for token in accounts.tokens[:1]:
            accounts.remove_token(token.id)
