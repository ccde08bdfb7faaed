# SPDX-License-Identifier: Apache-2.0
"""Refusals as problem details (RFC 9457).

`type` is left at its default, about:blank, so `title` is the HTTP status phrase (RFC 9457
section 4.2.1); programs look at the extension member `code`, which never changes meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pdu_agent.model.errors import (
    BudgetExceeded,
    Busy,
    CommandError,
    InvalidValue,
    NotNow,
    NotPermitted,
    OutletHeld,
    OutletLocked,
    TableFull,
    Unavailable,
    UnknownTarget,
)

COMMAND_ERRORS: Mapping[type[CommandError], tuple[int, str]] = {
    UnknownTarget: (404, "unknown_target"),
    InvalidValue: (422, "invalid_value"),
    NotPermitted: (403, "not_permitted"),
    OutletLocked: (409, "outlet_locked"),
    OutletHeld: (409, "outlet_held"),
    NotNow: (409, "not_now"),
    BudgetExceeded: (409, "budget_exceeded"),
    TableFull: (409, "table_full"),
    Busy: (503, "busy"),
    Unavailable: (503, "unavailable"),
}
"""HTTP status and code of each refused command."""

HTTP_ERRORS: Mapping[int, str] = {
    400: "malformed_request",
    401: "not_authenticated",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    421: "wrong_host",
    429: "too_many_requests",
    500: "internal_error",
}
"""Code of each refusal that is about the request and not about an outlet."""

CONFIGURATION = "configuration"
"""Code where the configuration file is what is wrong."""
NO_FILE = "no_file"
"""Code where the agent runs without a configuration file."""
READ_ONLY = "read_only"
"""Code where the folder of the configuration takes no new file."""
IN_PROGRESS = "in_progress"
"""Code where the first request with an Idempotency-Key is not done yet."""
KEY_REUSED = "key_reused"
"""Code where an Idempotency-Key was sent with another request before."""

CODES: Mapping[str, int] = {
    **{code: status for status, code in COMMAND_ERRORS.values()},
    **{code: status for status, code in HTTP_ERRORS.items()},
    CONFIGURATION: 422,
    NO_FILE: 409,
    READ_ONLY: 409,
    IN_PROGRESS: 409,
    KEY_REUSED: 422,
}
"""Every code that a problem may have, with its HTTP status."""

RETRY_AFTER_S = 1
CHALLENGE = 'Bearer realm="OpenPDU"'


class Problem(Exception):
    """An answer other than success. `members` are further members of the JSON object."""

    def __init__(
        self, status: int, code: str, detail: str, retry_after_s: int | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s if status != 503 else RETRY_AFTER_S
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members

    @staticmethod
    def about_request(status: int, detail: str, retry_after_s: int | None = None) -> Problem:
        """A refusal from HTTP_ERRORS; any other status counts as a malformed request."""
        code = HTTP_ERRORS.get(status, HTTP_ERRORS[400])
        return Problem(status, code, detail, retry_after_s)

    @staticmethod
    def about_command(error: CommandError, **members: int) -> Problem:
        status, code = COMMAND_ERRORS[type(error)]
        return Problem(status, code, str(error), **members)

    def to_plain(self) -> dict[str, Any]:
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.members,
        }

    def headers(self) -> dict[str, str]:
        """When to come back (RFC 9110 section 10.2.3), and how to say who one is (11.6.1)."""
        headers = {"WWW-Authenticate": CHALLENGE} if self.status == 401 else {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        return headers
