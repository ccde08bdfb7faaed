# SPDX-License-Identifier: Apache-2.0
"""The contract of the API: one OpenAPI 3.1 document, put together from the files beside this one.

openapi.yaml is the frame, openapi/*.yaml have further paths and components. What is the same
everywhere is not written there but added here: an operationId, which credentials an operation
takes, the parameters of its method, and which refusals its `default` answer stands for.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from pdu_agent.web.once import SECRET

FRAME = Path(__file__).with_name("openapi.yaml")
PARTS = Path(__file__).with_name("openapi")
METHODS = ("get", "put", "post", "patch", "delete")

Document = dict[str, Any]
Operation = Mapping[str, Any]

_REFUSED = {"$ref": "#/components/responses/Refused"}
_BEARER: Mapping[str, list[str]] = {"bearer": []}
_SESSION: Mapping[str, list[str]] = {"session": []}
_SESSION_WRITES: Mapping[str, list[str]] = {"session": [], "csrf": []}


def document() -> Document:
    """The whole contract. Takes a moment: not for the loop. Raises ValueError when two files
    define the same thing.
    """
    whole = _parsed(FRAME)
    for path in sorted(PARTS.glob("*.yaml")):
        part = _parsed(path)
        _merge(whole["paths"], part.get("paths", {}), path)
        for kind, entries in part.get("components", {}).items():
            _merge(whole["components"].setdefault(kind, {}), entries, path)
    for path_text, method, operation in operations(whole):
        shared = whole["paths"][path_text].get("parameters", [])
        _complete(path_text, method, operation, bool(shared))
    return whole


def operations(whole: Document) -> Iterator[tuple[str, str, Document]]:
    """(path, method in lower case, operation) of all that can be asked."""
    for path, entries in whole["paths"].items():
        for method in METHODS:
            if method in entries:
                yield path, method, entries[method]


def operation_id(method: str, path: str) -> str:
    """post, /api/v1/outlets/{n}/on -> postOutletsNOn."""
    words = re.findall(r"[a-z0-9]+", path.removeprefix("/api/v1"))
    return method + "".join(word.capitalize() for word in words) if words else f"{method}Page"


def _parsed(path: Path) -> Document:
    # Loaded here: an agent whose contract nobody reads does not carry the parser for it.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = path.read_text(encoding="utf-8")
    parsed: Document = yaml.load(text, loader)  # noqa: S506 - either of the two is safe
    return parsed


def _merge(into: Document, entries: Mapping[str, Any], source: Path) -> None:
    for name, entry in entries.items():
        if name in into:
            raise ValueError(f"{source.name}: {name} is defined twice")
        into[name] = entry


def _complete(path: str, method: str, operation: Document, has_path_parameters: bool) -> None:
    operation.setdefault("operationId", operation_id(method, path))
    is_public = operation.get("security") == []
    if not is_public:
        session = _SESSION if method == "get" else _SESSION_WRITES
        operation.setdefault("security", [_BEARER, session])
    if method == "post" and not path.removeprefix("/api/v1/").startswith(SECRET):
        key = {"$ref": "#/components/parameters/IdempotencyKey"}
        operation["parameters"] = [*operation.get("parameters", []), key]
    answers = operation["responses"]
    if answers.get("default") == _REFUSED:
        del answers["default"]
        for status, name in _refusals(method, operation, is_public, has_path_parameters):
            answers.setdefault(status, {"$ref": f"#/components/responses/{name}"})


_Judge = Callable[[str, Operation, bool], bool]


def _writes(method: str, _operation: Operation, _in_path: bool) -> bool:
    return method != "get"


def _has_body(method: str, operation: Operation, _in_path: bool) -> bool:
    return method == "post" or "requestBody" in operation


def _is_judged(method: str, operation: Operation, _in_path: bool) -> bool:
    return _has_body(method, operation, _in_path) or bool(operation.get("parameters"))


def _names_something(_method: str, operation: Operation, in_path: bool) -> bool:
    return in_path or "requestBody" in operation or bool(operation.get("parameters"))


_ALWAYS = (("400", "Malformed"), ("421", "WrongHost"), ("429", "TooMany"))
_SECURED = (("401", "NotAuthenticated"), ("403", "NotPermitted"))
_WHERE: tuple[tuple[str, str, _Judge], ...] = (
    ("404", "NotFound", _names_something),
    ("408", "TooSlow", _has_body),
    ("409", "Conflict", _writes),
    ("413", "TooLarge", _has_body),
    ("415", "UnsupportedMedia", _has_body),
    ("422", "Invalid", _is_judged),
    ("503", "Unavailable", _writes),
)


def _refusals(
    method: str, operation: Operation, is_public: bool, has_path_parameters: bool
) -> Iterator[tuple[str, str]]:
    """(status, name of the answer) of what the operation may be refused with."""
    yield from _ALWAYS
    yield from () if is_public else _SECURED
    for status, name, applies in _WHERE:
        if applies(method, operation, has_path_parameters):
            yield status, name


class Served:
    """The document as it is sent, made when it is first asked for."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}
        self._turn = asyncio.Lock()

    async def body(self, media: str) -> bytes:
        """media: application/json or application/yaml."""
        async with self._turn:
            if not self._bodies:
                self._bodies = await asyncio.to_thread(_bodies)
        return self._bodies[media]


def _bodies() -> dict[str, bytes]:
    bodies = _written()
    gc.collect()  # the parser and the writer leave 3 MB in cycles
    return bodies


def _written() -> dict[str, bytes]:
    import yaml

    whole = document()
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(whole, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    packed = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
    return {"application/json": packed.encode(), "application/yaml": text.encode()}


def add_routes(router: web.UrlDispatcher, api: str) -> None:
    served = Served()
    viewer = Path(__file__).with_name("viewer")

    async def as_json(_request: web.Request) -> web.Response:
        body = await served.body("application/json")
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    async def as_yaml(_request: web.Request) -> web.Response:
        body = await served.body("application/yaml")
        return web.Response(body=body, content_type="application/yaml", charset="utf-8")

    router.add_get(f"{api}/openapi.json", as_json)
    router.add_get(f"{api}/openapi.yaml", as_yaml)
    for name, (file, media) in _VIEWER.items():
        router.add_get(f"{api}/{name}", _file(viewer / file, media))


_VIEWER = {
    "docs": ("docs.html", "text/html"),
    "docs.js": ("docs.js", "text/javascript"),
    "docs.css": ("docs.css", "text/css"),
}
_VIEWER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _file(path: Path, media: str) -> Callable[[web.Request], Any]:
    async def answer(_request: web.Request) -> web.Response:
        body = await asyncio.to_thread(path.read_bytes)
        headers = {"Content-Security-Policy": _VIEWER_POLICY}
        return web.Response(body=body, content_type=media, charset="utf-8", headers=headers)

    return answer
