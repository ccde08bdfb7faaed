# SPDX-License-Identifier: Apache-2.0
"""Hooks as they are run: real processes and a real HTTP server, whatever these do."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from pdu_agent.app import hook_command
from pdu_agent.app.config.hooks import CommandHook, HookEntry, HttpHook
from pdu_agent.app.hooks import HookRunner
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.readings import HookMoment, HookResult, RunHook
from tests.nut.certificates import authority, certificate

ENDS_WITHIN_S = 20.0


def python(code: str, *more: str) -> CommandHook:
    return CommandHook((sys.executable, "-I", "-c", code, *more))


class Bench:
    """A runner and the results that it has delivered."""

    def __init__(self, options: object, limit_s: float = 10.0) -> None:
        hook = HookEntry(name="h", kind="any", time_limit_s=limit_s, options=options)
        self.results: list[HookResult] = []
        self.runner = HookRunner([hook], ManualClock(), self.results.append)

    def start(self, number: int = 1, name: str = "h", outlet_name: str = "NAS") -> None:
        moment = HookMoment.BEFORE_OFF
        self.runner.start(RunHook(number, name, moment, 3, outlet_name, "http ann from 1.2.3.4"))

    async def until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(ENDS_WITHIN_S):
            while not is_true():  # noqa: ASYNC110  a process tells nobody
                await asyncio.sleep(0.01)

    async def result(self) -> str:
        """Its error."""
        await self.until(lambda: bool(self.results))
        return self.results.pop().error


def run(options: object, limit_s: float = 10.0) -> str:
    """The error of one run."""

    async def once() -> str:
        bench = Bench(options, limit_s)
        bench.start()
        try:
            return await bench.result()
        finally:
            await bench.runner.stop()

    return asyncio.run(once())


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def dies(pid: int) -> bool:
    end_s = time.monotonic() + ENDS_WITHIN_S
    while is_running(pid):
        if time.monotonic() > end_s:
            return False
        time.sleep(0.01)
    return True


def test_one_that_succeeds() -> None:
    assert run(CommandHook(("/bin/true",))) == ""


def test_it_is_told_the_occasion_and_nothing_of_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENPDU_SECRET", "x")
    file = tmp_path / "env"
    code = "import os, sys, json; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
    assert run(python(code, str(file))) == ""
    told = json.loads(file.read_text(encoding="utf-8"))
    assert {key: value for key, value in told.items() if key.startswith("OPENPDU")} == {
        "OPENPDU_HOOK": "h",
        "OPENPDU_MOMENT": "before off",
        "OPENPDU_OUTLET": "3",
        "OPENPDU_OUTLET_NAME": "NAS",
        "OPENPDU_BECAUSE": "http ann from 1.2.3.4",
    }
    assert (
        not told.keys()
        - {"PATH", "LANG", "HOME", "LC_CTYPE"}
        - {key for key in told if key.startswith("OPENPDU")}
    )


def test_no_shell_reads_its_words(tmp_path: Path) -> None:
    file = tmp_path / "made"
    words = f"; touch {file}; $(touch {file})"
    assert run(CommandHook(("/bin/echo", words))) == ""
    assert not file.exists()


def test_it_is_ended_before_the_agent_when_memory_runs_out() -> None:
    code = (
        "import time\n"
        "for _ in range(500):\n"
        "    if open('/proc/self/oom_score_adj').read().strip() == '800': raise SystemExit\n"
        "    time.sleep(0.01)\n"
        "raise SystemExit(1)"
    )
    assert run(python(code)) == ""


def test_it_has_no_input() -> None:
    assert run(python("import sys; sys.exit(len(sys.stdin.read()))")) == ""


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (python("import sys; print('no such host'); sys.exit(255)"), "exit status 255: no such"),
        (python("import os; os.kill(os.getpid(), 9)"), "killed by SIGKILL"),
        (CommandHook(("/nowhere/at/all",)), "/nowhere/at/all cannot be started: No such file"),
        (CommandHook(("/etc/passwd",)), "/etc/passwd cannot be started: Permission denied"),
        (CommandHook(("/bin/echo", "a\0b")), "/bin/echo cannot be started: embedded null byte"),
    ],
)
def test_how_one_fails(options: CommandHook, error: str) -> None:
    assert run(options).startswith(error)


def test_output_that_is_no_text_is_shown_all_the_same() -> None:
    code = r"import os, sys; os.write(1, b'\xff\xfe\x00\x1b[31mred\n\ttwo'); sys.exit(1)"
    error = run(python(code))
    assert error.isprintable()
    assert error.endswith("[31mred two")


def test_one_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    code = (
        "import os, signal, sys, time\n"
        "child = os.fork()\n"
        "if child: open(sys.argv[1], 'w').write(f'{os.getpid()} {child}')\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "time.sleep(600)"
    )
    began_s = time.monotonic()
    assert run(python(code, str(file)), limit_s=1.0) == "not done after 1 s, it was ended"
    assert time.monotonic() - began_s < 1.0 + hook_command.TERM_S + 10
    pids = [int(pid) for pid in file.read_text(encoding="utf-8").split()]
    assert len(pids) == 2
    assert all(dies(pid) for pid in pids)


def test_one_that_floods_its_output_fills_nothing_and_blocks_nobody() -> None:
    code = "import os\nfor _ in range(400): os.write(1, b'x' * 65536)\nraise SystemExit(3)"

    async def flood() -> None:
        bench = Bench(python(code))
        bench.start()
        late_s, last_s = 0.0, time.monotonic()
        while not bench.results:
            await asyncio.sleep(0.005)
            late_s, last_s = max(late_s, time.monotonic() - last_s), time.monotonic()
        assert late_s < 1.0
        error = bench.results[0].error
        assert error.startswith("exit status 3: xxx")
        assert len(error) <= hook_command.SHOWN_CHARACTERS + 20

    asyncio.run(asyncio.wait_for(flood(), ENDS_WITHIN_S))


def test_one_that_leaves_a_daemon_behind_is_done_when_it_exits(tmp_path: Path) -> None:
    """The daemon keeps the pipe open, in a session of its own."""
    file = tmp_path / "pid"
    code = (
        "import os, sys, time\n"
        "if os.fork():\n"
        "    while not os.path.exists(sys.argv[1]): time.sleep(0.01)\n"
        "    os._exit(0)\n"
        "os.setsid()\n"
        "open(sys.argv[1] + '.new', 'w').write(str(os.getpid()))\n"
        "os.rename(sys.argv[1] + '.new', sys.argv[1])\n"
        "end = time.monotonic() + 20\n"
        "while time.monotonic() < end:\n"
        "    try: os.write(1, b'x')\n"
        "    except OSError: break\n"
        "    time.sleep(0.05)"
    )
    began_s = time.monotonic()
    assert run(python(code, str(file))) == ""
    assert time.monotonic() - began_s < 8
    assert dies(int(file.read_text(encoding="utf-8")))  # it got SIGPIPE, or an error


def test_what_a_hook_leaves_in_its_group_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = (
        "import os, sys, time\n"
        "child = os.fork()\n"
        "if not child: time.sleep(600)\n"
        "open(sys.argv[1], 'w').write(str(child))"
    )
    assert run(python(code, str(file))) == ""
    assert dies(int(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("by_number", [True, False])
def test_a_hook_that_is_stopped_leaves_nothing_and_tells_nothing(
    tmp_path: Path, by_number: bool
) -> None:
    file = tmp_path / "pid"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"

    async def stopped() -> list[HookResult]:
        bench = Bench(python(code, str(file)), 600.0)
        bench.start()
        await bench.until(lambda: file.exists() and bool(file.read_text(encoding="utf-8")))
        if by_number:
            bench.runner.end(1)
        await bench.runner.stop()
        bench.start(2)  # too late
        return bench.results

    assert asyncio.run(stopped()) == []
    assert dies(int(file.read_text(encoding="utf-8")))


def left_in(folder: Path) -> list[int]:
    """Processes, each with a file of its number."""
    return [int(file.name) for file in folder.iterdir() if Path("/proc", file.name).exists()]


def end_all(folder: Path) -> None:
    for pid in left_in(folder):
        os.kill(pid, 9)


def test_one_that_cannot_be_ended_keeps_neither_its_outlet_nor_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where it hangs in the kernel, or runs as another user."""
    monkeypatch.setattr(hook_command, "_signal", lambda process, number: None)
    monkeypatch.setattr(hook_command, "TERM_S", 0.05)
    monkeypatch.setattr(hook_command, "KILL_S", 0.05)
    code = "import os, sys, time; open(f'{sys.argv[1]}/{os.getpid()}', 'w'); time.sleep(600)"

    async def tried() -> str:
        bench = Bench(python(code, str(tmp_path)), 1.0)
        bench.start()
        error = await bench.result()
        bench.start(2)
        await bench.until(lambda: len(list(tmp_path.iterdir())) == 2)
        async with asyncio.timeout(5):
            await bench.runner.stop()
        return error

    async def told() -> str:
        try:
            return await tried()
        finally:
            end_all(tmp_path)
            async with asyncio.timeout(ENDS_WITHIN_S):
                while left_in(tmp_path):  # noqa: ASYNC110  until the loop has reaped them
                    await asyncio.sleep(0.01)

    assert asyncio.run(told()) == "not done after 1 s, it cannot be ended"
    assert "cannot be ended, it is left behind" in caplog.text


def test_only_some_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pdu_agent.app.hooks.AT_ONCE", 2)
    code = "import os, sys, time; open(f'{sys.argv[1]}/{os.getpid()}', 'w'); time.sleep(600)"

    def begun() -> int:
        return len(list(tmp_path.iterdir()))

    async def many() -> int:
        bench = Bench(python(code, str(tmp_path)), 600.0)
        for number in range(5):
            bench.start(number)
        await bench.until(lambda: begun() >= 2)
        await asyncio.sleep(0.2)
        await bench.runner.stop()
        return begun()

    assert asyncio.run(many()) == 2


def test_a_name_that_is_gone_is_a_failure() -> None:
    async def gone() -> str:
        bench = Bench(CommandHook(("/bin/true",)))
        bench.start(name="other")
        return await bench.result()

    assert asyncio.run(gone()) == "there is no hook of this name any more"


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        assert runner.addresses
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def asked(
    answer: Answer, limit_s: float = 10.0, tls: ssl.SSLContext | None = None, **settings: object
) -> str:
    """The error of a request that is answered so."""

    async def once() -> str:
        async with server(answer, tls) as url:
            options = HttpHook(url=f"{url}/off", **settings)  # type: ignore[arg-type]
            bench = Bench(options, limit_s)
            bench.start()
            try:
                return await bench.result()
            finally:
                await bench.runner.stop()

    return asyncio.run(once())


def test_a_request_tells_the_occasion_and_brings_its_secret(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("Bearer hunter2-and-more\n", encoding="utf-8")
    seen = {}

    async def answer(request: web.Request) -> web.Response:
        seen["auth"] = request.headers["Authorization"]
        seen["body"] = await request.text()
        return web.Response(status=204)

    assert asked(answer, header_files={"Authorization": str(file)}) == ""
    assert seen["auth"] == "Bearer hunter2-and-more"
    assert json.loads(seen["body"])["outlet"] == "3"


def test_a_refusal_that_repeats_the_secret_does_not_get_it_into_the_log(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("Bearer hunter2-and-more\n", encoding="utf-8")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=403, text=f"who is {request.headers['Authorization'][7:]}?")

    error = asked(answer, header_files={"Authorization": str(file)})
    assert error == "status 403: who is ***?"


def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    paths = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        raise web.HTTPFound("/elsewhere")

    assert asked(answer).startswith("status 302: a redirect")
    assert paths == ["/off"]


def test_an_answer_without_end_is_cut() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            return response

    assert asked(answer) == ""


def test_a_success_is_one_before_its_body_has_come() -> None:
    """A machine that says yes and goes down is not heard to the end."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.sleep(600)
        return response

    assert asked(answer, limit_s=2.0) == ""


def test_no_answer_is_a_failure() -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(600)
        return web.Response()

    assert asked(answer, limit_s=0.3) == "no answer after 0.3 s"


def test_a_certificate_has_to_be_by_the_authority_that_is_named(tmp_path: Path) -> None:
    """Both authorities are as `openssl req -x509` makes them, and say nothing of keyUsage."""
    own, other = authority(tmp_path), authority(tmp_path, "other")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate(tmp_path, own, "127.0.0.1"))

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    assert asked(answer, tls=tls, ca_file=str(own)) == ""
    for strange in (str(other), ""):
        assert "CERTIFICATE_VERIFY_FAILED" in asked(answer, tls=tls, ca_file=strange)
    assert "No such file" in asked(answer, tls=tls, ca_file=str(tmp_path / "none"))


def test_nobody_there_is_a_failure() -> None:
    assert run(HttpHook(url="http://127.0.0.1:9/")).startswith("POST failed: ")


def test_a_missing_secret_is_a_failure(tmp_path: Path) -> None:
    hook = HttpHook(url="http://127.0.0.1:9/", header_files={"A": str(tmp_path / "none")})
    assert "No such file" in run(hook)
