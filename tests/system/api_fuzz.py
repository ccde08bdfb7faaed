# SPDX-License-Identifier: Apache-2.0
"""Throws what the contract allows, and what it does not, at a running agent, with schemathesis.

Every answer has to be one that the contract names, of the shape that it says; whatever breaks the
contract is refused; nothing is done without credentials; no answer is a failure of the agent.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
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


@dataclass
class Tally:
    """operations: how many were asked. answers: how often each status came."""

    operations: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    commands: int = 0
    """Of them, requests that may have moved a relay, and were answered with success."""

    @property
    def requests(self) -> int:
        return sum(self.answers.values())


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


def run(demo: Demo, examples: int, seed_of_run: int = 0) -> Tally:
    """At least so many examples of each operation, half of them breaking the contract."""
    tally, headers = Tally(), {"Authorization": f"Bearer {token_of(demo)}"}
    base = f"http://127.0.0.1:{demo.http_port}"
    for operation in operations(contract_of(demo)):
        tally.operations += 1
        without_rights(operation, tally, base)
        for mode in GenerationMode:
            ask(operation, mode, max(1, examples // 2), tally, base, headers, seed_of_run)
    return tally


def ask(
    operation: Any,
    mode: GenerationMode,
    examples: int,
    tally: Tally,
    base: str,
    headers: dict[str, str],
    seed_of_run: int,
) -> None:
    @seed(seed_of_run)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Case) -> None:
        response = case.call(base_url=base, headers=headers, timeout=40)
        status = response.status_code
        tally.answers[status] = tally.answers.get(status, 0) + 1
        if operation.method.upper() == "POST" and 200 <= status < 300:
            tally.commands += 1
        case.validate_response(response, headers=headers, transport_kwargs={"timeout": 40})

    try:
        one()
    except Unsatisfiable:
        return  # such as a request without parameters, which cannot break the contract
    except (AssertionError, BaseExceptionGroup, Exception) as failure:
        label = f"{operation.method.upper()} {operation.path} ({mode.value})"
        tally.failures.append(f"{label}: {told(failure)}")


def without_rights(operation: Any, tally: Tally, base: str) -> None:
    """Without credentials, and with wrong ones, nothing is told or done."""
    if operation.definition.raw.get("security") == []:
        return
    path = f"{base}{re.sub(r'{[^}]*}', '1', operation.path)}"
    for sent in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "openpdu_session=wrong"}):
        answer = requests.request(operation.method, path, headers=sent, timeout=40)
        if answer.status_code not in (401, 429):
            label = f"{operation.method.upper()} {operation.path}"
            tally.failures.append(f"{label} with {sent}: {answer.status_code}")


def told(failure: BaseException) -> str:
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(told(each) for each in failure.exceptions)
    return f"{type(failure).__name__}: {str(failure)[:600]}"
