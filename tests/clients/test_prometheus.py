# SPDX-License-Identifier: Apache-2.0
"""The snmp_exporter modules: their objects are those of OPENPDU-MIB, and they are scraped."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.openpdu_mib import DIVISORS, NAMES, OBJECTS, is_about, measured, wait_for_load
from tests.peers import require
from tests.system.demo_process import ROOT, Demo, free_port

FOLDER = ROOT / "contrib" / "prometheus"
FLAT, SPLIT = FOLDER / "openpdu-0.22.yml", FOLDER / "openpdu.yml"
EXPORTER = "prometheus-snmp-exporter"
FIRST_SPLIT = (0, 23)
DEADLINE_S = 15.0
SAMPLE = re.compile(r'^(\w+)\{opdu\w+Index="(\d+)".*\} (\S+)$', re.MULTILINE)


def module(path: Path) -> dict[str, Any]:
    """What is walked and what becomes a metric, without credentials."""
    loaded = yaml.safe_load(path.read_text("utf-8"))
    found: dict[str, Any] = (
        loaded["modules"]["openpdu"] if "modules" in loaded else loaded["openpdu"]
    )
    return {key: found[key] for key in ("walk", "get", "metrics")}


def exporter_version() -> tuple[int, ...]:
    told = subprocess.run([EXPORTER, "--version"], capture_output=True, check=True)
    found = re.search(rb"version (\d+)\.(\d+)", told.stdout + told.stderr)
    assert found is not None
    return tuple(int(number) for number in found.groups())


def require_exporter(split: bool) -> None:
    require(EXPORTER)
    if (exporter_version() >= FIRST_SPLIT) != split:
        which = "0.23 or later (Debian 13)" if split else "up to 0.22 (Debian 12)"
        pytest.skip(f"this form is for snmp_exporter {which}")


@contextmanager
def exporter(config: Path) -> Iterator[str]:
    """The address of an exporter that runs with `config`."""
    address = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
    program = shutil.which(EXPORTER)
    assert program is not None
    process = subprocess.Popen(
        [program, f"--config.file={config}", f"--web.listen-address={address}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_S)


def fetched(url: str) -> str:
    """The page, as soon as the exporter listens."""
    end_s = time.monotonic() + DEADLINE_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                return str(answer.read().decode("utf-8"))
        except urllib.error.HTTPError as exc:
            with exc:
                raise AssertionError(exc.read().decode("utf-8", "replace")) from exc
        except OSError:
            assert time.monotonic() < end_s, url
            time.sleep(0.05)


def check_scrape(demo: Demo, page: str) -> None:
    samples = {(name, index): float(value) for name, index, value in SAMPLE.findall(page)}
    expected = measured(demo)
    compared = set(expected) & set(samples)
    assert len(compared) == 8 + 8 * 6
    for name, index in compared:
        divisor = DIVISORS[OBJECTS[name].object.units][1]
        assert is_about(samples[name, index] / divisor, expected[name, index]), name
    assert 'opduOutletState{opduOutletIndex="3",opduOutletName="Outlet 3"} 1' in page
    assert "opduAlarmCount 0" in page
    assert ("opduMeterEnergy", "8") in samples
    board = demo.api("GET", "/sensors")[1]["sensors"][0]["value"]
    assert is_about(samples["opduSensorValue", "1"] / 10, board)
    assert 'opduSensorName="Board",opduSensorType="1"' in page


def test_both_forms_have_the_same_metrics() -> None:
    assert module(FLAT) == module(SPLIT)


def test_each_metric_is_the_object_that_it_is_called_after() -> None:
    described = module(SPLIT)
    for metric in described["metrics"]:
        if metric["name"] == "sysUpTime":
            continue
        declared = OBJECTS[metric["name"]]
        assert metric["oid"] == declared.oid
        assert metric["type"] == ("counter" if declared.counts else "gauge")
        assert declared.object.units in metric["help"] or declared.object.units.startswith("tenths")
        for number, label in declared.labels.items():
            assert f"{number} {label}" in metric["help"]
        assert tuple(index["labelname"] for index in metric.get("indexes", ())) == declared.index
        for lookup in metric.get("lookups", ()):
            assert lookup["oid"] == OBJECTS[lookup["labelname"]].oid
            assert tuple(lookup["labels"]) == declared.index


def test_exactly_what_is_needed_is_read() -> None:
    described = module(SPLIT)
    columns = {metric["oid"] for metric in described["metrics"] if "indexes" in metric}
    columns |= {
        lookup["oid"] for metric in described["metrics"] for lookup in metric.get("lookups", ())
    }
    assert set(described["walk"]) == columns
    assert columns <= set(NAMES)
    scalars = {f"{metric['oid']}.0" for metric in described["metrics"] if "indexes" not in metric}
    assert set(described["get"]) == scalars


@pytest.mark.peer
def test_an_exporter_of_the_flat_form_scrapes_the_agent(tmp_path: Path) -> None:
    require_exporter(split=False)
    with Demo(tmp_path) as demo, exporter(FLAT) as address:
        wait_for_load(demo)
        target = f"127.0.0.1:{demo.snmp_port}"
        check_scrape(demo, fetched(f"http://{address}/snmp?module=openpdu&target={target}"))


@pytest.mark.peer
def test_an_exporter_of_the_split_form_scrapes_the_agent(tmp_path: Path) -> None:
    require_exporter(split=True)
    with Demo(tmp_path) as demo, exporter(SPLIT) as address:
        wait_for_load(demo)
        target = f"127.0.0.1:{demo.snmp_port}"
        query = f"auth=openpdu_v2&module=openpdu&target={target}"
        check_scrape(demo, fetched(f"http://{address}/snmp?{query}"))
