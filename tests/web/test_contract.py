# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml and the running API describe each other completely."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from aiohttp import web

from pdu_agent.model.commands import Action, Lock, OverloadRestriction, PowerUp, TemperatureScale
from pdu_agent.model.errors import CommandError, OutletLocked
from pdu_agent.model.quantities import Quality
from pdu_agent.model.snapshot import (
    ChangeReason,
    GroupState,
    MeterStatus,
    OutletState,
    SensorKind,
    SensorStatus,
    Severity,
    ThresholdState,
)
from pdu_agent.web import api, contract
from pdu_agent.web.access import LocalAccess
from pdu_agent.web.auth.public import PUBLIC
from pdu_agent.web.problems import CODES, COMMAND_ERRORS, HTTP_ERRORS, Problem
from tests.web.fake_agent import ADMIN, ADMIN_TOKEN_ID, FakeController, RunningAgent, running_agent

CONTRACT: dict[str, Any] = contract.document()
SCHEMAS = CONTRACT["components"]["schemas"]

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        assert node["$ref"].startswith("#/")
        found: Any = CONTRACT
        for part in node["$ref"][2:].split("/"):
            found = found[part]
        node = found
    return node


def misfits(value: Any, schema: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Where `value` breaks the schema; knows the keywords that openapi.yaml uses."""
    schema = resolve(schema)
    if schema == resolve({"$ref": "#/components/schemas/AnyObject"}):
        return
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    fits = any(
        isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
        for name in types
    )
    if not fits:
        yield f"{where}: {value!r} is not {types}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        if isinstance(schema.get("additionalProperties"), dict):
            known = dict.fromkeys(value, schema["additionalProperties"]) | known
        yield from (
            f"{where}.{key}: missing" for key in schema.get("required", ()) if key not in value
        )
        for key, part in value.items():
            if key in known:
                yield from misfits(part, known[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}: not in the contract"
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from misfits(part, schema["items"], f"{where}[{place}]")


def schema_of(operation: dict[str, Any], status: str, media: str) -> dict[str, Any]:
    return resolve(operation["responses"][status])["content"][media]["schema"]


def all_refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for part in node.values():
            yield from all_refs(part)
    elif isinstance(node, list):
        for part in node:
            yield from all_refs(part)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("contract")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    return running


def test_every_route_is_documented_and_every_documented_path_exists() -> None:
    app = api.make_app(FakeController(), LocalAccess())
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.method != "HEAD"
        and isinstance(route.resource, web.Resource)
        and route.resource.canonical.startswith(f"{api.API}/")
    }
    documented = {
        (method.upper(), path)
        for path, operations in CONTRACT["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert routes == documented


def test_every_reference_resolves_and_every_component_is_used() -> None:
    used = set(all_refs(CONTRACT))
    for reference in used:
        assert resolve({"$ref": reference})
    defined = {
        f"#/components/{kind}/{name}"
        for kind, entries in CONTRACT["components"].items()
        for name in entries
        if kind != "securitySchemes"
    }
    assert defined == used


def test_every_operation_has_an_id_of_its_own_and_says_which_credentials_it_takes() -> None:
    all_operations = [operation for _, _, operation in contract.operations(CONTRACT)]
    ids = [operation["operationId"] for operation in all_operations]
    assert len(set(ids)) == len(ids)
    schemes = set(CONTRACT["components"]["securitySchemes"])
    used = {name for operation in all_operations for way in operation["security"] for name in way}
    assert used == schemes


def test_every_refusal_of_an_operation_is_named() -> None:
    for path, method, operation in contract.operations(CONTRACT):
        assert "default" not in operation["responses"], (method, path)
        if method != "get":
            assert {"400", "401", "403", "409", "503"} <= set(operation["responses"]), path


def test_the_document_is_valid_openapi() -> None:
    """By the draft of JSON Schema that OpenAPI 3.1 is written in, each schema on its own."""
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate(schema)
    for _, _, operation in contract.operations(CONTRACT):
        assert operation["summary"]
        assert set(operation) <= {
            *("summary", "description", "operationId", "security", "parameters", "requestBody"),
            "responses",
        }


def test_every_object_schema_requires_only_what_it_defines_and_is_closed() -> None:
    for name, schema in SCHEMAS.items():
        if "object" in schema["type"] and name != "AnyObject":
            is_map = isinstance(schema["additionalProperties"], dict)
            assert is_map or schema["additionalProperties"] is False, name
            assert set(schema.get("required", ())) <= set(schema.get("properties", {})), name


@pytest.mark.parametrize(
    ("enum", "schema", "key"),
    [
        (OutletState, "State", None),
        (Lock, "LockState", None),
        (OverloadRestriction, "OverloadRestriction", None),
        (TemperatureScale, "Device", "temperature_scale"),
        (Action, "Pending", "action"),
        (PowerUp, "Outlet", "power_up"),
        (ChangeReason, "Outlet", "change_reason"),
        (MeterStatus, "Meter", "status"),
        (Quality, "Meter", "quality"),
        (MeterStatus, "Residual", "status"),
        (Quality, "Residual", "quality"),
        (Severity, "Alarm", "severity"),
        (Severity, "Event", "severity"),
        (SensorKind, "Sensor", "kind"),
        (SensorStatus, "Sensor", "status"),
        (SensorStatus, "Fan", "status"),
        (GroupState, "Group", "state"),
        (ThresholdState, "Threshold", "state"),
    ],
)
def test_enumerations_are_those_of_the_model(
    enum: type[Enum], schema: str, key: str | None
) -> None:
    node = SCHEMAS[schema] if key is None else SCHEMAS[schema]["properties"][key]
    # Neither is ever pending: they are an on, an off or a reboot as soon as they are accepted.
    never = (Action.TOGGLE, Action.PULSE)
    assert node["enum"] == [member.value for member in enum if member not in never]


def test_problem_codes_are_those_of_the_code() -> None:
    assert set(SCHEMAS["Problem"]["properties"]["code"]["enum"]) == set(CODES)
    assert len(CODES) >= len(COMMAND_ERRORS) + len(HTTP_ERRORS)  # none means two things


def test_every_command_error_has_a_problem_of_its_own() -> None:
    problems = [
        Problem.about_command(kind("refused"), position=2)
        for kind in (*CommandError.__subclasses__(), *OutletLocked.__subclasses__())
    ]
    assert len({problem.code for problem in problems}) == len(problems)
    for problem in problems:
        assert list(misfits(problem.to_plain(), SCHEMAS["Problem"])) == []
        assert problem.to_plain()["position"] == 2


ENDLESS = ["/api/v1/stream"]
GETS = [
    path
    for path, operations in CONTRACT["paths"].items()
    if "get" in operations and path not in ENDLESS
]
POSTS = [
    path
    for path, operations in CONTRACT["paths"].items()
    if path.startswith(("/api/v1/outlets/{n}/", "/api/v1/groups/{n}/")) and "post" in operations
]


QUERIES = dict.fromkeys(
    ("/api/v1/history", "/api/v1/peaks"), "?target=outlet:2&quantity=active_power_w"
)
"""Of paths that want to know more."""


def example_of(path: str) -> str:
    """With numbers of the fake agent in it."""
    words = {"{kind}": "inlet", "{quantity}": "current"}
    words |= {"{name}": ADMIN, "{id}": ADMIN_TOKEN_ID}
    words["{n}"] = "1" if "groups" in path or "thresholds" in path else "2"
    query = QUERIES.get(path, "")
    for word, example in words.items():
        path = path.replace(word, example)
    return path + query


@pytest.mark.parametrize("path", GETS)
def test_answers_have_the_documented_shape(agent: RunningAgent, path: str) -> None:
    operation = CONTRACT["paths"][path]["get"]
    media = next(iter(resolve(operation["responses"]["200"])["content"]))
    answer = agent.local("GET", example_of(path))
    assert answer.status == 200
    assert answer.headers.get_content_type() == media
    if media == "application/json":
        assert list(misfits(answer.json, schema_of(operation, "200", media))) == []


@pytest.mark.parametrize("path", sorted(POSTS))
def test_accepted_and_refused_commands_have_the_documented_shape(
    agent: RunningAgent, path: str
) -> None:
    operation = CONTRACT["paths"][path]["post"]
    accepted = agent.local("POST", path.replace("{n}", "1"), {})
    assert accepted.status == 200
    assert list(misfits(accepted.json, schema_of(operation, "200", "application/json"))) == []
    refused = agent.local("POST", path.replace("{n}", "77"), {})
    assert refused.status == 404
    assert refused.headers.get_content_type() == "application/problem+json"
    schema = schema_of(operation, "404", "application/problem+json")
    assert list(misfits(refused.json, schema)) == []


def test_accepted_batch_has_the_documented_shape(agent: RunningAgent) -> None:
    body = {
        "commands": [
            {"outlet": 1, "command": "off"},
            {"group": 1, "command": "off"},
            {"outlet": "all", "command": "on"},
        ]
    }
    assert list(misfits(body, SCHEMAS["Commands"])) == []
    answer = agent.local("POST", "/api/v1/commands", body)
    operation = CONTRACT["paths"]["/api/v1/commands"]["post"]
    assert list(misfits(answer.json, schema_of(operation, "200", "application/json"))) == []
    assert [step["outlet"]["number"] for step in answer.json["outlets"]] == [1, 2, 3]


def test_the_checker_itself_notices_misfits(agent: RunningAgent) -> None:
    outlet = agent.local("GET", "/api/v1/outlets/2").json
    assert list(misfits({**outlet, "extra": 1}, SCHEMAS["Outlet"]))
    assert list(misfits({**outlet, "state": "broken"}, SCHEMAS["Outlet"]))
    assert list(misfits({**outlet, "switched": 1}, SCHEMAS["Outlet"]))
    del outlet["number"]
    assert list(misfits(outlet, SCHEMAS["Outlet"]))


def test_the_served_documents_are_the_contract(agent: RunningAgent) -> None:
    assert agent.tcp("GET", "/api/v1/openapi.json").json == CONTRACT
    assert yaml.safe_load(agent.tcp("GET", "/api/v1/openapi.yaml").body) == CONTRACT


def test_the_viewer_loads_nothing_from_elsewhere(agent: RunningAgent) -> None:
    page = agent.tcp("GET", "/api/v1/docs")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    script = agent.tcp("GET", "/api/v1/docs.js")
    assert script.headers.get_content_type() == "text/javascript"
    assert b"//" not in (page.body + script.body.split(b'"use strict"')[0]).replace(b"// ", b"")


def test_two_files_that_define_the_same_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = "paths: {/api/v1/outlets: {get: {}}}"
    (tmp_path / "more.yaml").write_text(twice, encoding="utf-8")
    monkeypatch.setattr(contract, "PARTS", tmp_path)
    with pytest.raises(ValueError, match=r"more\.yaml: /api/v1/outlets is defined twice"):
        contract.document()


def test_what_everybody_may_ask_is_what_the_contract_says() -> None:
    documented = {
        (method.upper(), path)
        for path, method, operation in contract.operations(CONTRACT)
        if operation["security"] == []
    }
    assert documented == {(method, path) for method, path in PUBLIC if path.startswith(api.API)}
