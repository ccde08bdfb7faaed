# SPDX-License-Identifier: Apache-2.0
"""Throws what the contract allows, and what it does not, at a running agent, with schemathesis.

Every answer has to be one that the contract names, of the shape that it says; whatever breaks the
contract is refused; nothing is done without credentials; no answer is a failure of the agent.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable

from tests.system.demo_process import Demo

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import Case, GenerationMode
    from schemathesis.config import SchemathesisConfig
    from schemathesis.core.parameters import ParameterLocation

NOT_ASKED = {
    ("GET", "/api/v1/stream"): "never ends",
    ("POST", "/api/v1/session"): "wrong passwords lock the sender out",
    ("DELETE", "/api/v1/session"): "ends what the others are asked with",
    ("POST", "/api/v1/setup"): "wrong links lock the sender out",
    ("POST", "/api/v1/backups/{name}/restore"): "the agent ends",
}
SEMANTICS = ["2xx", "304", "401", "403", "404", "409", "412", "422"]
"""What may answer data that the schema allows: it does not know which outlets and hooks there are,
nor that a low limit is below a high one."""

REFUSED = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429"]


THERE = (1, 2, 3)
"""Numbers of outlets that the demo has, and of groups that are made for this."""

MOST_KEPT = 5
"""Failures of one operation and kind of example that are told; the others are only counted."""
TIMEOUT_S = 40


@dataclass
class Tally:
    """operations: how many were asked. answers: how often each status came."""

    operations: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    commands: int = 0
    """Of them, requests that may have moved a relay, and were answered with success."""
    nameless: int = 0
    """Examples that were sent once more without credentials; they are not in `answers`."""

    @property
    def requests(self) -> int:
        return sum(self.answers.values())


@dataclass(frozen=True)
class Plan:
    """What to ask. examples: of each operation, half of them breaking the contract. Of `shards`
    equal parts of the operations, the one with the number `shard`, from 1; and of these only
    those whose name, such as `GET /api/v1/outlets`, has `only` in it.
    """

    examples: int
    seed: int = 0
    shard: int = 1
    shards: int = 1
    only: str = ""

    def chosen(self, schema: Any) -> list[Any]:
        # Neighbours in the document cost alike, so the parts are dealt, not cut.
        dealt = list(operations(schema))[self.shard - 1 :: self.shards]
        return [each for each in dealt if self.only in label_of(each)]


Progress = Callable[[str, int, int], None]
"""Called with the name of an operation, how many are done with it, and of how many."""


def label_of(operation: Any) -> str:
    return f"{operation.method.upper()} {operation.path}"


def token_of(demo: Demo) -> str:
    """A bearer token that may do everything."""
    status, made = demo.api("POST", "/tokens", {"name": "fuzz", "scope": "admin"})
    assert status in (200, 201), made
    return str(made["secret"])


def contract_of(demo: Demo) -> Any:
    """What the agent says of itself, as schemathesis reads it."""
    status, document = demo.api("GET", "/openapi.json")
    assert status == 200
    config = SchemathesisConfig.from_dict(
        {
            "checks": {
                "positive_data_acceptance": {"expected-statuses": SEMANTICS},
                "negative_data_rejection": {"expected-statuses": REFUSED},
                # Wrong credentials again and again lock their sender out: see `without_rights`.
                "ignored_auth": {"enabled": False},
            }
        }
    )
    return schemathesis.openapi.from_dict(document, config=config)


def operations(schema: Any) -> Iterator[Any]:
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) not in NOT_ASKED:
            yield operation


def run(demo: Demo, plan: Plan, tally: Tally, progress: Progress | None = None) -> None:
    """Ask what the plan says, and count it in `tally` as it comes."""
    asking = Asking(demo, plan, tally)
    chosen = plan.chosen(contract_of(demo))
    with asking.session:
        for done, operation in enumerate(chosen, 1):
            tally.operations += 1
            without_rights(operation, tally, asking.base)
            for mode in GenerationMode:
                asking.ask(operation, mode)
            if progress is not None:
                progress(label_of(operation), done, len(chosen))


class Asking:
    """One connection after the other, kept for as long as the agent keeps it."""

    def __init__(self, demo: Demo, plan: Plan, tally: Tally) -> None:
        self.base = f"http://127.0.0.1:{demo.http_port}"
        self.session = requests.Session()
        # Its environment names proxies and credentials, and is read anew for each request.
        self.session.trust_env = False
        self._headers = {"Authorization": f"Bearer {token_of(demo)}"}
        self._plan = plan
        self._tally = tally
        self._turn = 0
        for _ in THERE:
            assert demo.api("POST", "/groups", {"outlets": list(THERE)})[0] == 201

    def ask(self, operation: Any, mode: GenerationMode) -> None:
        """All examples of one kind; a failure is noted and the next example asked."""
        label = f"{label_of(operation)} ({mode.value})"
        noted = Noted(label, self._tally.failures)

        @seed(self._plan.seed)
        @settings(
            max_examples=max(1, self._plan.examples // 2),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Case) -> None:
            with noted:
                self._lead_to_something(case)
                self._one(case)

        try:
            one()
        except Unsatisfiable:
            return  # such as a request without parameters, which cannot break the contract

    def _lead_to_something(self, case: Case) -> None:
        """Every other path that is right has the number of a thing that there is: the numbers that
        schemathesis thinks of are hardly ever one, and all it would learn is 404.
        """
        path = case.meta.components.get(ParameterLocation.PATH) if case.meta is not None else None
        if path is None or not path.mode.is_positive or "n" not in case.path_parameters:
            return
        self._turn += 1
        if self._turn % 2:
            case.path_parameters["n"] = THERE[self._turn // 2 % len(THERE)]

    def _one(self, case: Case) -> None:
        tally, method = self._tally, case.operation.method.upper()
        if case.operation.definition.raw.get("security") != []:
            self._nameless(case)
        answer = case.call(
            base_url=self.base, session=self.session, headers=self._headers, timeout=TIMEOUT_S
        )
        status = answer.status_code
        tally.answers[status] = tally.answers.get(status, 0) + 1
        tally.commands += method == "POST" and 200 <= status < 300
        again = {"timeout": TIMEOUT_S}
        case.validate_response(answer, headers=self._headers, transport_kwargs=again)

    def _nameless(self, case: Case) -> None:
        """The same without credentials, which is refused whatever else is right or wrong."""
        sent = case.as_transport_kwargs(base_url=self.base)
        headers = requests.structures.CaseInsensitiveDict(sent.pop("headers"))
        for credential in ("Authorization", "Cookie", "X-CSRF-Token"):
            headers.pop(credential, None)
        sent |= {"cookies": None, "headers": headers, "allow_redirects": False}
        answer = self.session.request(**sent, timeout=TIMEOUT_S)
        self._tally.nameless += 1
        assert 400 <= answer.status_code < 500, f"without credentials: {answer.status_code}"


class Noted:
    """Notes what fails within it, each kind of failure once, and goes on."""

    def __init__(self, label: str, failures: list[str]) -> None:
        self._label = label
        self._failures = failures
        self._kinds: set[str] = set()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, failure: BaseException | None, _trace: Any) -> bool:
        if not isinstance(failure, (AssertionError, BaseExceptionGroup, requests.RequestException)):
            return False  # none, or how hypothesis ends an example
        text = told(failure)
        first = text.split("\n", 1)[0]
        if first not in self._kinds and len(self._kinds) < MOST_KEPT:
            self._kinds.add(first)
            self._failures.append(f"{self._label}: {text}")
        return True


def without_rights(operation: Any, tally: Tally, base: str) -> None:
    """Without credentials, and with wrong ones, nothing is told or done."""
    if operation.definition.raw.get("security") == []:
        return
    path = f"{base}{re.sub(r'{[^}]*}', '1', operation.path)}"
    for sent in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "openpdu_session=wrong"}):
        answer = requests.request(operation.method, path, headers=sent, timeout=TIMEOUT_S)
        if answer.status_code not in (401, 429):
            tally.failures.append(f"{label_of(operation)} with {sent}: {answer.status_code}")


def told(failure: BaseException) -> str:
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(told(each) for each in failure.exceptions)
    return f"{type(failure).__name__}: {str(failure)[:1200]}"
