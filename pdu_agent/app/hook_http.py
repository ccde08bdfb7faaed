# SPDX-License-Identifier: Apache-2.0
"""One HTTP request of a hook: verified, never redirected, its answer bounded, its secrets kept."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from pdu_agent.access.authorities import verifying
from pdu_agent.app.config.hooks import HttpHook
from pdu_agent.app.hook_command import KEPT_BYTES, SHOWN_CHARACTERS, HookFailure

log = logging.getLogger(__name__)

MAX_SECRET_BYTES = 8192


async def call(hook: HttpHook, told: Mapping[str, str], limit_s: float) -> None:
    """Raises HookFailure unless it is answered with 200 to 299 within limit_s.

    A redirect is a failure: what is sent, a secret among it, is meant for this host only.
    """
    try:
        async with asyncio.timeout(limit_s):
            headers, secrets = await asyncio.to_thread(_headers, hook)
            trusted = await asyncio.to_thread(_trusted, hook)
            status, text = await _ask(hook, headers, _body(hook, told), trusted)
    except TimeoutError:
        raise HookFailure(f"no answer after {limit_s:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise HookFailure(f"{hook.method} failed: {_words(exc)}") from exc
    for secret in secrets:
        text = text.replace(secret, "***")
    log.debug("%s: status %d, answer %r", hook.method, status, text)
    if 300 <= status < 400:
        raise HookFailure(f"status {status}: a redirect, which is not followed")
    if not 200 <= status < 300:
        raise HookFailure(f"status {status}: {text[:SHOWN_CHARACTERS]}")


async def _ask(
    hook: HttpHook, headers: Mapping[str, str], body: bytes, trusted: ssl.SSLContext | bool
) -> tuple[int, str]:
    """Status, and of a failure the beginning of the answer on one line.

    A success is one without its body: a machine that goes down may never send the rest.
    """
    async with (
        aiohttp.ClientSession(
            trust_env=False, auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        ) as session,
        session.request(
            hook.method,
            hook.url,
            headers=headers,
            data=body or None,
            allow_redirects=False,
            ssl=trusted,
        ) as answer,
    ):
        is_success = 200 <= answer.status < 300
        start = b"" if is_success else await answer.content.read(KEPT_BYTES)
        text = start.decode("utf-8", "replace")
        answer.close()  # the rest is of no interest, however long it is
        return answer.status, " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _headers(hook: HttpHook) -> tuple[dict[str, str], tuple[str, ...]]:
    """All headers, and what of them must not be shown."""
    secrets = {name: _secret(Path(file)) for name, file in hook.header_files.items()}
    plain = {"User-Agent": "openpdu", **hook.headers}
    if not hook.body and hook.method != "GET":
        plain.setdefault("Content-Type", "application/json")
    hidden = tuple(part for value in secrets.values() for part in (value, *value.split()[1:]))
    return {**plain, **secrets}, tuple(text for text in hidden if text)


def _secret(path: Path) -> str:
    """Raises OSError, and ValueError for what cannot be a header."""
    with path.open("rb") as file:
        value = file.read(MAX_SECRET_BYTES).strip()
    text = value.decode("ascii", "strict") if value.isascii() else ""
    if not text or not text.isprintable():
        raise ValueError(f"{path} holds no text that a header could have")
    return text


def _trusted(hook: HttpHook) -> ssl.SSLContext | bool:
    return verifying(hook.ca_file) if hook.url.lower().startswith("https:") else True


def _body(hook: HttpHook, told: Mapping[str, str]) -> bytes:
    if hook.body:
        return hook.body.encode("utf-8")
    return b"" if hook.method == "GET" else json.dumps(dict(told)).encode("utf-8")


def _words(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror and exc.filename:
        return f"{exc.filename}: {exc.strerror}"
    return str(exc)[:SHOWN_CHARACTERS] or type(exc).__name__
