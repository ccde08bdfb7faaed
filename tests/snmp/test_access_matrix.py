# SPDX-License-Identifier: Apache-2.0
"""Every kind of credential, on every outlet, in every version, with every operation.

Messages go in and come out as bytes; access_model says what has to be in them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import pytest

from pdu_agent.model.commands import Command
from pdu_agent.snmp.credentials import AuthProtocol, Community, PrivProtocol, User
from tests.snmp import access_model as model
from tests.snmp import ber
from tests.snmp.access_model import HOLDINGS, MISSING_OUTLET, OUTLETS, V1, V2C, V3, Change, Person
from tests.snmp.answers import Answer, open_answer
from tests.snmp.mutations import ENGINE_ID
from tests.snmp.rig import BOOTS, NAME, OUTLET, STATE, Rig
from tests.snmp.usm_client import AUTH, PRIV, REPORTABLE, Usm, V3Message

Oid = tuple[int, ...]

SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
EXCEPTIONS = (ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE, ber.END_OF_MIB_VIEW)
PAIRS = [(1, 2), (2, 3), (3, 1), (4, 3), (1, MISSING_OUTLET), (MISSING_OUTLET, 4)]
REPETITIONS = 6

NEAR, FAR = "192.0.2.9", "203.0.113.9"
NETWORKS = ("192.0.2.0/24", "2001:db8::/32")
ANYWHERE, HERE = "anywhere", "here"

USER_KINDS = [(1, ANYWHERE), (2, ANYWHERE), (3, ANYWHERE), (3, HERE)]
"""Security level and networks."""

FLAGS = {1: 0, 2: AUTH, 3: AUTH | PRIV}
AUTH_PASS, PRIV_PASS = "a passphrase", "another passphrase"


# who


def name_of(holding: str, view: bool, place: str, level: int = 0) -> str:
    return f"{holding}{'+view' if view else ''} {place} {level}".strip()


ALL = list(product(HOLDINGS, (False, True), (ANYWHERE, HERE)))


def permissions(holding: str, view: bool, place: str) -> dict[str, object]:
    held = HOLDINGS[holding]
    return {
        "rights": held.rights,
        "outlets": held.outlets,
        "view": model.VIEW if view else "",
        "networks": NETWORKS if place == HERE else (),
    }


def user(name: str, level: int, granted: dict[str, object]) -> User:
    auth = AuthProtocol.NONE if level == 1 else AuthProtocol.SHA256
    priv = PrivProtocol.AES128 if level == 3 else PrivProtocol.NONE
    return User(name, auth, AUTH_PASS, priv, PRIV_PASS, **granted)  # type: ignore[arg-type]


@cache
def shared() -> Rig:
    """One engine that knows them all; no outlet is locked."""
    communities = tuple(
        Community(name_of(*who), f"the secret of {name_of(*who)}", **permissions(*who))  # type: ignore[arg-type]
        for who in ALL
    )
    users = tuple(
        user(name_of(*who, level), level, permissions(*who))
        for who in ALL
        for level, place in USER_KINDS
        if place == who[2]
    )
    rig = Rig(len(OUTLETS), users, communities=communities, views=model.VIEWS)
    rig.core.locked.clear()
    return rig


@cache
def instances() -> list[Oid]:
    return shared().instances()


@pytest.fixture
def rig() -> Rig:
    shared().core.submitted.clear()
    shared().core.actors.clear()
    return shared()


# what is asked, and what has to come


@dataclass(frozen=True, slots=True)
class Question:
    """refusal: error-status and error-index. names: what an answer without an error holds,
    with None for a value, or the exception in place of one; those past the end are left out.
    """

    request: ber.Node
    asked: tuple[Oid, ...]
    refusal: tuple[int, int] | None
    names: tuple[tuple[Oid, int | None], ...] = ()
    commands: tuple[Command, ...] = ()


def read(person: Person, version: int, oid: Oid) -> Question:
    """A GET of one instance."""
    missing = None
    if not person.sees(oid):
        missing = ber.NO_SUCH_OBJECT
    elif oid not in instances():
        missing = ber.NO_SUCH_INSTANCE
    refusal = (model.NO_SUCH_NAME, 1) if version == V1 and missing else None
    return Question(ber.request(ber.GET, [oid]), (oid,), refusal, ((oid, missing),))


def next_seen(person: Person, oid: Oid) -> Oid | None:
    later = instances()[bisect_right(instances(), oid) :]
    return next((one for one in later if person.sees(one)), None)


def read_next(person: Person, version: int, oid: Oid) -> Question:
    """A GETNEXT after one name."""
    found = next_seen(person, oid)
    refusal = (model.NO_SUCH_NAME, 1) if version == V1 and found is None else None
    names = () if found is None else ((found, None),)
    return Question(ber.request(ber.GET_NEXT, [oid]), (oid,), refusal, names)


def read_bulk(person: Person) -> Question:
    """A GETBULK over two columns at once."""
    asked: tuple[Oid, ...] = ((*OUTLET, STATE), (*OUTLET, NAME))
    names: list[tuple[Oid, int | None]] = []
    columns: list[Oid | None] = [*asked]
    for _ in range(REPETITIONS):
        columns = [None if oid is None else next_seen(person, oid) for oid in columns]
        names += [(oid, None) for oid in columns if oid is not None]
    request = ber.request(ber.GET_BULK, asked, status=0, index=REPETITIONS)
    return Question(request, asked, None, tuple(names))


def write(person: Person, version: int, *changes: Change) -> Question:
    """A SET of all the changes."""
    names = tuple(change.oid for change in changes)
    request = ber.request(ber.SET, names, [change.value for change in changes])
    refusal = person.refusal(changes)
    if refusal is not None:
        return Question(request, names, model.in_version(version, refusal))
    commands = tuple(change.command for change in changes)
    return Question(request, names, None, tuple((oid, None) for oid in names), commands)


def questions(person: Person, version: int) -> Iterator[Question]:
    for outlet in (*OUTLETS, MISSING_OUTLET):
        yield read(person, version, (*OUTLET, STATE, outlet))
        yield read(person, version, (*OUTLET, NAME, outlet))
        yield read(person, version, (*model.METER, 3, outlet))
        yield read_next(person, version, (*OUTLET, STATE, outlet - 1))
        yield write(person, version, model.switch(outlet))
        yield write(person, version, model.rename(outlet))
        yield write(person, version, model.lock(outlet))
    for one, other in PAIRS:
        yield write(person, version, model.switch(one), model.switch(other))
        yield write(person, version, model.switch(one), model.rename(other))
    yield write(person, version, model.SWITCH_ALL)
    yield write(person, version, model.DELAY_START)
    yield read(person, version, SYS_NAME)
    if version != V1:
        yield read_bulk(person)


# how it is sent


def as_community(rig: Rig, version: int, who: str, request: ber.Node, host: str) -> bytes | None:
    secret = f"the secret of {who}".encode()
    return rig.engine.process(ber.encode(ber.message(version, secret, request)), (host, 4000))


def as_user(rig: Rig, level: int, who: str, request: ber.Node, host: str) -> bytes | None:
    message = V3Message(
        engine_id=ENGINE_ID,
        boots=BOOTS,
        time_s=0,
        user=Usm(who.encode(), AUTH_PASS.encode(), PRIV_PASS.encode()),
        pdu=request,
        flags=bytes((REPORTABLE | FLAGS[level],)),
    )
    return rig.engine.process(message.encode(), (host, 4000))


def opened(datagram: bytes | None, who: str) -> Answer:
    assert datagram is not None, "no answer"
    return open_answer(datagram, [Usm(who.encode(), AUTH_PASS.encode(), PRIV_PASS.encode())])


def judge(rig: Rig, question: Question, answer: Answer, who: str) -> None:
    assert answer.tag == ber.RESPONSE
    names = tuple(name for name, _, _ in answer.varbinds)
    if question.refusal is not None:
        assert (answer.status, answer.index) == question.refusal
        assert names == question.asked
        assert rig.core.submitted == []
        return
    assert (answer.status, answer.index) == (0, 0)
    found = tuple(
        (name, tag if tag in EXCEPTIONS else None)
        for name, tag, _ in answer.varbinds
        if tag != ber.END_OF_MIB_VIEW
    )
    assert found == question.names
    assert rig.core.submitted == ([list(question.commands)] if question.commands else [])
    if question.commands:
        assert {(actor.face, actor.who) for actor in rig.core.actors} == {("snmp", who)}
    rig.core.submitted.clear()
    rig.core.actors.clear()


# the matrix

WHO = pytest.mark.parametrize(("holding", "view"), list(product(HOLDINGS, (False, True))))


@WHO
@pytest.mark.parametrize("version", [V1, V2C])
@pytest.mark.parametrize("place", [ANYWHERE, HERE])
def test_communities(rig: Rig, holding: str, view: bool, version: int, place: str) -> None:
    who = name_of(holding, view, place)
    for question in questions(Person(HOLDINGS[holding], view), version):
        judge(
            rig, question, opened(as_community(rig, version, who, question.request, NEAR), ""), who
        )


@WHO
@pytest.mark.parametrize(("level", "place"), USER_KINDS)
def test_users(rig: Rig, holding: str, view: bool, level: int, place: str) -> None:
    who = name_of(holding, view, place, level)
    for question in questions(Person(HOLDINGS[holding], view), V3):
        judge(rig, question, opened(as_user(rig, level, who, question.request, NEAR), who), who)


@WHO
@pytest.mark.parametrize("version", [V1, V2C])
def test_a_community_from_elsewhere_is_nobody(
    rig: Rig, holding: str, view: bool, version: int
) -> None:
    who = name_of(holding, view, HERE)
    for question in questions(Person(HOLDINGS[holding], view), version):
        assert as_community(rig, version, who, question.request, FAR) is None
        assert as_community(rig, version, who + "?", question.request, NEAR) is None
    assert rig.core.submitted == []


@WHO
def test_a_user_from_elsewhere_is_nobody(rig: Rig, holding: str, view: bool) -> None:
    who = name_of(holding, view, HERE, 3)
    for question in questions(Person(HOLDINGS[holding], view), V3):
        assert as_user(rig, 3, who, question.request, FAR) is None
    assert rig.core.submitted == []


@WHO
@pytest.mark.parametrize(
    ("level", "used"), [pair for pair in product(FLAGS, FLAGS) if pair[0] != pair[1]]
)
def test_a_user_at_another_level_gets_a_report_or_nothing(
    rig: Rig, holding: str, view: bool, level: int, used: int
) -> None:
    who = name_of(holding, view, ANYWHERE, level)
    person = Person(HOLDINGS[holding], view)
    for question in (
        read(person, V3, (*OUTLET, STATE, 1)),
        read_next(person, V3, OUTLET),
        write(person, V3, model.switch(2)),
        write(person, V3, model.SWITCH_ALL),
    ):
        datagram = as_user(rig, used, who, question.request, NEAR)
        assert datagram is None or opened(datagram, who).tag == ber.REPORT
    assert rig.core.submitted == []


@WHO
def test_a_walk_of_everything_shows_what_may_be_seen_once_and_in_order(
    rig: Rig, holding: str, view: bool
) -> None:
    person, who = Person(HOLDINGS[holding], view), name_of(holding, view, ANYWHERE)
    found: list[Oid] = []
    position: Oid = (1, 3)
    while True:
        request = ber.request(ber.GET_BULK, [position], index=40)
        answer = opened(as_community(rig, V2C, who, request, NEAR), "")
        steps = [name for name, tag, _ in answer.varbinds if tag != ber.END_OF_MIB_VIEW]
        found += steps
        if len(steps) < len(answer.varbinds):
            break
        position = steps[-1]
    assert found == [oid for oid in instances() if person.sees(oid)]


def test_these_are_thousands_of_combinations() -> None:
    """A credential, a place, a version, an operation on some outlet: each counts as one."""
    person = Person(HOLDINGS["read"], False)
    v1, v2c, v3 = (len(list(questions(person, version))) for version in (V1, V2C, V3))
    asked_as_community = (2 + 2) * (v1 + v2c)  # anywhere, here; from afar, with a wrong secret
    asked_as_user = (len(USER_KINDS) + 1) * v3 + 4 * 6
    assert 2 * len(HOLDINGS) * (asked_as_community + asked_as_user) > 14_000
