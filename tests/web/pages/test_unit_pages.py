# SPDX-License-Identifier: Apache-2.0
"""Users, settings, about, energy and the log-in: who sees what, and that nothing breaks out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pdu_agent.model.host import HostStatus, OwnProcess, Queue, Storage, StorageKind
from tests.web.fake_agent import RunningAgent, make_snapshot, running_agent
from tests.web.pages.seen import requests_of, words_of

BOARD = HostStatus(
    uptime_s=7300.0,
    process_count=61,
    processor_loads_pct=(),
    memory_octets=1,
    storages=(Storage(3, StorageKind.DISK, "State <of> it", 4096, 8 << 20, 2 << 20),),
    interfaces=(),
    temperature_c=51.04,
    agent=OwnProcess(cpu_pct=3.25, memory_octets=90 << 20, threads=7, open_files=31),
    queues=(Queue("relays i2c1", 2, 64),),
)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("unit")) as agent:
        yield agent


def text_of(agent: RunningAgent, path: str) -> str:
    answer = agent.local("GET", path)
    assert answer.status == 200, answer.body
    return answer.body.decode()


def test_about_tells_what_the_agent_needs_and_what_the_unit_is_not(agent: RunningAgent) -> None:
    agent.controller.show(host=BOARD)
    page = text_of(agent, "/about")
    words = words_of(page)
    for told in ("no safety device", "3.2 % of one", "90.0 MiB", "51.0 °C", "relays i2c1"):
        assert told in words
    assert "State &lt;of&gt; it" in page


def test_about_does_without_a_board(agent: RunningAgent) -> None:
    agent.controller.show(host=None)
    words = words_of(text_of(agent, "/about"))
    assert "Queues" not in words
    assert "Apache License" in words


def test_settings_ask_for_exactly_what_the_api_takes(agent: RunningAgent) -> None:
    page = text_of(agent, "/settings")
    asked = requests_of(page)
    assert "PATCH /api/v1/device" in asked
    assert "PATCH /api/v1/outlets/1" in asked
    assert "PATCH /api/v1/inlets/1" in asked
    tag = agent.local("GET", "/api/v1/outlets/1/settings").headers["ETag"]
    assert tag.replace('"', "&#34;") in page


def test_a_name_is_shown_and_not_carried_out(agent: RunningAgent) -> None:
    agent.controller.change(1, name='"><script>')
    for path in ("/settings", "/energy"):
        assert "<script>" not in text_of(agent, path).replace('<script src="', "").replace(
            '<script type="module"', ""
        )
    agent.controller.reset()


def test_users_are_made_and_removed_by_the_api(agent: RunningAgent) -> None:
    asked = requests_of(text_of(agent, "/users"))
    assert "POST /api/v1/users" in asked
    assert "POST /api/v1/tokens" in asked


@pytest.mark.parametrize(
    ("asked", "led"),
    [("/energy?month=2026-03", "/energy?month=2026-03"), ("//evil.example", "/"), ("", "/")],
)
def test_the_log_in_leads_back_to_a_page_of_this_unit_alone(
    agent: RunningAgent, asked: str, led: str
) -> None:
    page = text_of(agent, f"/login?next={asked}")
    assert f'data-then="{led}"' in page


def test_the_way_in_tells_nothing_of_the_unit(agent: RunningAgent) -> None:
    name = make_snapshot().device.name
    for path in ("/login", "/setup?code=abc"):
        assert name not in text_of(agent, path)


def test_the_code_of_the_set_up_link_is_not_handed_on(agent: RunningAgent) -> None:
    answer = agent.local("GET", "/setup?code=a%22b")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert 'value="a&#34;b"' in answer.body.decode()


def test_energy_offers_every_metered_point(agent: RunningAgent) -> None:
    snapshot = make_snapshot()
    agent.controller.show(outlets=tuple(replace(row, meter=None) for row in snapshot.outlets))
    page = text_of(agent, "/energy")
    assert 'value="unit:1"' in page
    assert 'value="outlet:' not in page
    agent.controller.reset()
