# SPDX-License-Identifier: Apache-2.0
"""Who may do what: every operation of the contract by every kind of caller.

An operation that has no line in NEEDS fails; so does one that lets in whoever it must not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import pytest

from pdu_agent.access.accounts import password as hashing
from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.grant import Rights
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.control import Cap, CapState, Plan, Rule, RuleState
from pdu_agent.web import contract
from tests.web.auth.browser import Browser, add_user, logged_in
from tests.web.fake_agent import (
    ADMIN,
    ADMIN_PASSWORD,
    NOON_S,
    Answer,
    RunningAgent,
    make_snapshot,
    running_agent,
)
from tests.web.test_contract import QUERIES


class Need(Enum):
    """PERSON: who has logged in, or an administrator's token. MINE: switching an outlet or group
    that the tenant has; ALL: every outlet. Unit: what is no outlet.
    """

    NOTHING = auto()
    ANYBODY = auto()
    EVERYTHING_READ = auto()
    PERSON = auto()
    MINE_SWITCHED = auto()
    ALL_SWITCHED = auto()
    WRITTEN = auto()
    ADMIN = auto()


N = Need
READER = {N.NOTHING, N.ANYBODY, N.EVERYTHING_READ}
SWITCHER = {*READER, N.MINE_SWITCHED, N.ALL_SWITCHED}
MAY: Mapping[str, set[Need]] = {
    "viewer": {*READER, N.PERSON},
    "operator": {*SWITCHER, N.PERSON},
    "tenant": {N.NOTHING, N.ANYBODY, N.PERSON, N.MINE_SWITCHED},
    "administrator": set(Need),
    "token to read": READER,
    "token to switch": SWITCHER,
    "token to write": {*SWITCHER, N.WRITTEN},
    "token of administration": set(Need),
    "token of a tenant": {N.NOTHING, N.ANYBODY, N.MINE_SWITCHED},
    "nobody": {N.NOTHING},
    "token that has expired": {N.NOTHING},
    "unknown token": {N.NOTHING},
}
STRANGERS = ("nobody", "token that has expired", "unknown token")
VERBS = ("on", "off", "reboot", "cycle", "cancel", "toggle", "pulse", "lock", "unlock")
_OF_VERB = {verb: N.WRITTEN if "lock" in verb else N.MINE_SWITCHED for verb in VERBS}
_OF_ALL = {verb: N.WRITTEN if "lock" in verb else N.ALL_SWITCHED for verb in VERBS}

PUBLIC_READ = ("openapi.yaml", "openapi.json", "docs", "docs.js", "docs.css", "setup")
READ_BY_ADMINS = ("users", "users/{name}", "backups", "config")
READ_BY_PERSONS = ("tokens",)
OWN_TOKEN = "tokens/{id}"
"""Of an administrator: for others it is not there."""

NEEDS: Mapping[tuple[str, str], Need] = {
    **{("POST", f"outlets/{{n}}/{verb}"): need for verb, need in _OF_VERB.items()},
    **{("POST", f"groups/{{n}}/{verb}"): need for verb, need in _OF_VERB.items()},
    **{("POST", f"outlets/all/{verb}"): need for verb, need in _OF_ALL.items()},
    ("POST", "outlets/{n}/timer"): N.MINE_SWITCHED,
    ("POST", "commands"): N.MINE_SWITCHED,
    ("POST", "plans/{name}/run"): N.MINE_SWITCHED,
    ("POST", "plans/{name}/enable"): N.WRITTEN,
    ("POST", "plans/{name}/disable"): N.WRITTEN,
    ("POST", "rules/{name}/enable"): N.WRITTEN,
    ("POST", "rules/{name}/disable"): N.WRITTEN,
    ("POST", "alarms/{n}/acknowledge"): N.WRITTEN,
    ("POST", "reset"): N.WRITTEN,
    ("POST", "caps/{n}"): N.WRITTEN,
    ("POST", "outlets/{n}/reset-trip"): N.WRITTEN,
    ("POST", "wear/reset"): N.WRITTEN,
    ("POST", "groups"): N.WRITTEN,
    ("PATCH", "groups/{n}"): N.WRITTEN,
    ("DELETE", "groups/{n}"): N.WRITTEN,
    ("PATCH", "device"): N.WRITTEN,
    ("PATCH", "inlets/{n}"): N.WRITTEN,
    ("PATCH", "outlets/{n}"): N.WRITTEN,
    ("PATCH", "branches/{n}"): N.WRITTEN,
    ("PATCH", "sensors/{n}"): N.WRITTEN,
    ("PATCH", "thresholds/{kind}/{n}/{quantity}"): N.WRITTEN,
    ("PATCH", "notifications"): N.WRITTEN,
    ("PATCH", "priorities"): N.WRITTEN,
    ("POST", "reload"): N.ADMIN,
    ("POST", "users"): N.ADMIN,
    ("PATCH", "users/{name}"): N.ADMIN,
    ("DELETE", "users/{name}"): N.ADMIN,
    ("POST", "users/{name}/password"): N.ADMIN,
    ("POST", "tokens"): N.PERSON,
    ("DELETE", "tokens/{id}"): N.ADMIN,
    ("POST", "setup"): N.NOTHING,
    ("POST", "setup/link"): N.ADMIN,
    ("POST", "session"): N.NOTHING,
    ("DELETE", "session"): N.ANYBODY,
    ("POST", "backups"): N.ADMIN,
    ("POST", "backups/{name}/verify"): N.ADMIN,
    ("POST", "backups/{name}/restore"): N.ADMIN,
    ("PUT", "config"): N.ADMIN,
    ("POST", "config/validate"): N.ADMIN,
    ("POST", "history/purge"): N.ADMIN,
    ("GET", "audit/check"): N.EVERYTHING_READ,
    ("GET", OWN_TOKEN): N.ADMIN,
    **{("GET", path): N.NOTHING for path in PUBLIC_READ},
    **{("GET", path): N.ADMIN for path in READ_BY_ADMINS},
    **{("GET", path): N.PERSON for path in READ_BY_PERSONS},
}
"""Method and path below /api/v1. Every other GET is for whoever is let in, and shows what they may
read: see test_tenants.
"""

BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "commands"): {"commands": [{"outlet": 1, "command": "off"}]},
    ("POST", "outlets/{n}/timer"): {"action": "off", "after_s": 60},
    ("POST", "reset"): {"targets": ["outlet 1"], "what": "all"},
    ("POST", "caps/{n}"): {"limit": 900},
    ("POST", "wear/reset"): {"outlets": [1]},
    ("POST", "groups"): {"name": "new", "outlets": [1]},
    ("PATCH", "thresholds/{kind}/{n}/{quantity}"): {"high_warning": 11},
    ("PATCH", "notifications"): {"outlet": False},
    ("PATCH", "priorities"): {"priorities": [{"outlet": 1, "priority": 9}]},
    ("POST", "users"): {"name": "new", "role": "admin", "password": "a longer one"},
    ("PATCH", "users/{name}"): {"role": "admin"},
    ("POST", "users/{name}/password"): {"new": "a longer one"},
    ("POST", "tokens"): {"name": "new", "scope": "read", "outlets": {"others": "none"}},
    ("POST", "session"): {"name": "spare", "password": ADMIN_PASSWORD},
    ("POST", "setup"): {"code": "x", "name": "new", "password": "a longer one"},
    ("PUT", "config"): b"schema: 1\n",
    ("POST", "config/validate"): b"schema: 1\n",
    ("POST", "history/purge"): {"from": "2027-01-01", "to": "2027-01-02", "dry_run": False},
}
NAMED = {"name": "renamed"}
"""What a PATCH changes, unless a line above says otherwise."""


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    need: Need
    address: str
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operations() -> list[Operation]:
    prefix = "/api/v1/"
    document = contract.document()
    found = []
    for path, verb, _ in contract.operations(document):
        method, short = verb.upper(), path.removeprefix(prefix)
        if short == "stream":
            continue
        usual = N.ANYBODY if method == "GET" else None
        need = NEEDS.get((method, short), usual)
        assert need is not None, f"{method} {path}: say in NEEDS who may do it"
        empty = None if method in ("GET", "DELETE") else {} if method == "POST" else NAMED
        body = BODIES.get((method, short), empty)
        found.append(Operation(method, path, need, _address(path), body))
    return found


def _address(path: str) -> str:
    words = {"{kind}": "inlet", "{quantity}": "current", "{id}": "000000000000", "{n}": "1"}
    words["{name}"] = {"users": "spare", "plans": "night", "rules": "hot"}.get(
        path.split("/")[3], "other"
    )
    address = path
    for word, example in words.items():
        address = address.replace(word, example)
    number = "/outlets/2/" if path.endswith("inrush") else "/outlets/1/"
    return address.replace("/outlets/1/", number) + QUERIES.get(path, "")


def the_unit() -> Any:
    cap = Cap(
        1, "all", Target(TargetKind.UNIT, 1), Quantity.ACTIVE_POWER, 1e3, 0.0, None,
        CapState.UNDER, (),
    )  # fmt: skip
    plan = Plan(1, "night", True, "daily", (1, 2), "off", NOON_S, None, "", 1, 0)
    rule = Rule(1, "hot", True, "x", "off", RuleState.IDLE, None, 1.0, 1, None, "", (1, 2))
    return make_snapshot(caps=(cap,), plans=(plan,), rules=(rule,))


class Callers:
    """Each kind of caller, before the same agent."""

    def __init__(self, agent: RunningAgent) -> None:
        self.agent = agent
        own = {"1-2": Rights.SWITCH, "others": Rights.NONE}
        add_user(agent, "viewer", Role.VIEWER)
        add_user(agent, "operator", Role.OPERATOR)
        add_user(agent, "tenant", Role.OPERATOR, own)
        add_user(agent, "spare", Role.VIEWER)
        names = {"administrator": ADMIN} | {name: name for name in ("viewer", "operator", "tenant")}
        self.names = names
        scopes = {
            "token to read": Scope.READ,
            "token to switch": Scope.SWITCH,
            "token to write": Scope.WRITE,
            "token of administration": Scope.ADMIN,
        }
        accounts = agent.accounts
        self.secrets = {
            kind: accounts.add_token(scope.value, ADMIN, scope, {}, None)[1]
            for kind, scope in scopes.items()
        }
        _, self.secrets["token of a tenant"] = accounts.add_token(
            "all", "tenant", Scope.SWITCH, {}, None
        )
        soon_s = SystemClock().wall_s() + 1e-6
        _, self.secrets["token that has expired"] = accounts.add_token(
            "old", ADMIN, Scope.ADMIN, {}, soon_s + 1
        )
        token = accounts.tokens[-1]
        object.__setattr__(token, "expires_wall_s", soon_s - 60)
        self.secrets["unknown token"] = "openpdu_nobody-knows"
        self.book = accounts._book
        self.browsers = {kind: logged_in(agent, name) for kind, name in names.items()}

    def begin(self) -> None:
        """As if nobody had done anything."""
        self.agent.controller.reset()
        self.agent.accounts._take(self.book)
        self.agent.history.purged.clear()
        self.agent.reloaded_by.clear()
        self.agent.auth.lockout._tries.clear()
        for kind, browser in self.browsers.items():
            if browser.ask("GET", "/api/v1/session").json.get("csrf_token") != browser.csrf:
                self.browsers[kind] = logged_in(self.agent, self.names[kind])

    def ask(self, kind: str, operation: Operation, **headers: str) -> Answer:
        if isinstance(operation.body, bytes):
            headers["Content_Type"] = "application/yaml"
        given = operation.method, operation.address, operation.body
        if kind in self.browsers:
            return self.browsers[kind].ask(*given, **headers)
        if kind in self.secrets:
            headers["Authorization"] = f"Bearer {self.secrets[kind]}"
        return self.agent.stranger(*given, **headers)

    def is_untouched(self) -> bool:
        agent = self.agent
        return (
            not agent.controller.batches
            and agent.accounts._book == self.book
            and not agent.history.purged
            and not agent.reloaded_by
        )


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "COST", 2)
        with running_agent(tmp_path_factory.mktemp("rights"), the_unit()) as agent:
            yield Callers(agent)


OPERATIONS = operations()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_each_operation_lets_in_who_may_and_nobody_else(
    everybody: Callers, operation: Operation
) -> None:
    for kind, may in MAY.items():
        everybody.begin()
        answer = everybody.ask(kind, operation)
        told = f"{kind}: {answer.status} {answer.body[:200]!r}"
        if operation.need in may:
            is_refused = answer.status in (401, 403) and operation.path != "/api/v1/setup"
            assert not is_refused, told
            assert answer.status < 500 or answer.status == 503, told
            continue
        expected = (401,) if kind in STRANGERS else (403, 404)
        assert answer.status in expected, told
        assert everybody.is_untouched(), told


CHANGES = [each for each in OPERATIONS if each.method != "GET"]
FOREIGN = {
    "of another site": {"Origin": "https://elsewhere.example"},
    "of no site": {"Origin": "null"},
    "as a browser tells": {"Sec_Fetch_Site": "cross-site"},
    "of a sister site": {"Sec_Fetch_Site": "same-site"},
}


@pytest.mark.parametrize("operation", CHANGES, ids=str)
def test_no_page_of_others_does_anything_with_the_rights_of_a_browser(
    everybody: Callers, operation: Operation
) -> None:
    everybody.begin()
    for kind in ("administrator", "nobody"):
        for told, headers in FOREIGN.items():
            is_unknown = kind == "nobody" and operation.need is not N.NOTHING
            status = everybody.ask(kind, operation, **headers).status
            assert status == (401 if is_unknown else 403), told
    assert everybody.is_untouched()


@pytest.mark.parametrize(
    "operation", [each for each in CHANGES if each.need is not N.NOTHING], ids=str
)
def test_a_session_does_nothing_without_the_token_of_its_page(
    everybody: Callers, operation: Operation
) -> None:
    everybody.begin()
    browser = everybody.browsers["administrator"]
    bare = Browser(everybody.agent)
    bare.cookie = browser.cookie
    ways: list[dict[str, str]] = [
        {},
        {"X_CSRF_Token": ""},
        {"X_CSRF_Token": browser.csrf[:-1]},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Cookie": f"openpdu_session={browser.cookie}; X-CSRF-Token={browser.csrf}"},
    ]
    for headers in ways:
        status = bare.ask(operation.method, operation.address, operation.body, **headers).status
        assert status == 403, headers
    for method in ("GET", "HEAD"):
        overridden = {"X_HTTP_Method_Override": operation.method, "X_Method_Override": "POST"}
        bare.ask(method, f"{operation.address}?_method={operation.method}", **overridden)
    assert everybody.is_untouched()


@pytest.mark.parametrize("operation", CHANGES, ids=str)
def test_a_token_beside_a_cookie_counts_alone(everybody: Callers, operation: Operation) -> None:
    """Who can set a header gains nothing by a cookie that comes along."""
    everybody.begin()
    if operation.need in (N.NOTHING, N.ANYBODY, N.MINE_SWITCHED, N.ALL_SWITCHED):
        return
    cookie = f"openpdu_session={everybody.browsers['administrator'].cookie}"
    answer = everybody.ask("token to read", operation, Cookie=cookie)
    assert answer.status in (403, 404)
    assert everybody.is_untouched()
