# SPDX-License-Identifier: Apache-2.0
"""Foreign programs: our client on pymodbus's server, and mbpoll on our simulator."""

import asyncio
import os
import shutil
import struct
import subprocess
import threading
import time
import tty
from contextlib import contextmanager, suppress

import pytest

from pdu_agent.hw.modbus import ModbusMeter, ModbusSettings
from pdu_agent.hw.modbus.client import Client
from pdu_agent.hw.modbus.line import LineSettings, shared_line
from pdu_agent.hw.modbus.map_file import read_map
from pdu_agent.hw.sim.modbus import SimModbusLine, SimModbusTcp, SimModbusTerminal
from pdu_agent.hw.sim.modbus_meters import SimOrno515
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ChipNotFound
from pdu_agent.model.quantities import Electrical

pytestmark = pytest.mark.peer
pymodbus = pytest.importorskip("pymodbus", reason="pip install pymodbus")

SDM = {
    0x0000: 230.2,
    0x0006: 1.234,
    0x000C: 284.0,
    0x0012: 285.0,
    0x0018: -20.0,
    0x001E: 0.996,
    0x0046: 50.0,
    0x0048: 123.45,
    0x004A: 0.0,
    0x004C: 1.0,
    0x004E: 0.0,
}


def device():
    from pymodbus.simulator import DataType, SimData, SimDevice

    def words(value: float) -> list[int]:
        return list(struct.unpack(">HH", struct.pack(">f", value)))

    return SimDevice(
        1,
        simdata=[
            SimData(register, values=words(value), datatype=DataType.REGISTERS)
            for register, value in SDM.items()
        ],
    )


@contextmanager
def serving(make_server):
    """pymodbus's server in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    started = threading.Event()
    servers = []

    async def serve() -> None:
        server = make_server()
        servers.append(server)
        await server.serve_forever(background=True)
        started.set()

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    assert started.wait(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(servers[0].shutdown(), loop).result(10)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def read_once(port: str, **settings):
    clock = ManualClock()
    wanted = ModbusSettings(port, "eastron-sdm120", timeout_s=0.5, **settings)
    register_map = read_map(wanted.map)
    client = Client(shared_line(port, wanted.line(register_map.line)), 1, wanted.timeout_s)
    meter = ModbusMeter(wanted, register_map, client, clock, clock.advance)
    meter.open()
    try:
        electrical, _ = meter.poll(0.5).channels["main"]
        with pytest.raises(ChipNotFound, match="exception 2: it has no such register"):
            client.read(4, 0x0200, 1)
    finally:
        meter.close()
    return electrical


def is_right(electrical: Electrical) -> bool:
    return (
        electrical.voltage_v,
        electrical.current_a,
        electrical.active_power_w,
        electrical.reactive_power_var,
        electrical.frequency_hz,
    ) == pytest.approx((230.2, 1.234, 284.0, -20.0, 50.0))


def test_pymodbus_over_tcp():
    import socket

    from pymodbus.server import ModbusTcpServer

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(lambda: ModbusTcpServer(device(), address=("127.0.0.1", port))):
        assert is_right(read_once(f"tcp://127.0.0.1:{port}"))


@contextmanager
def null_modem():
    """Two pseudo-terminals whose far ends are joined."""
    pairs = [os.openpty() for _ in range(2)]
    for _, near in pairs:
        tty.setraw(near)
    stop = threading.Event()

    def carry(one: int, other: int) -> None:
        os.set_blocking(one, False)
        while not stop.is_set():
            with suppress(BlockingIOError):
                os.write(other, os.read(one, 256))
                continue
            time.sleep(0.001)

    masters = [far for far, _ in pairs]
    threads = [threading.Thread(target=carry, args=(a, b)) for a, b in (masters, masters[::-1])]
    for thread in threads:
        thread.start()
    try:
        yield [os.ttyname(near) for _, near in pairs]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for descriptor in (descriptor for pair in pairs for descriptor in pair):
            os.close(descriptor)


@pytest.mark.usefixtures("terminals")
def test_pymodbus_over_a_serial_line():
    from pymodbus.server import ModbusSerialServer

    with (
        null_modem() as (ours, theirs),
        serving(lambda: ModbusSerialServer(device(), port=theirs, baudrate=9600, parity="N")),
    ):
        assert is_right(read_once(ours, baud_rate=9600))


def orno() -> SimModbusLine:
    truth = Electrical(230.45, 1.234, -284.0, 284.4, 0.0, 0.998, 49.98)
    return SimModbusLine({1: SimOrno515(lambda: truth, ManualClock())})


def mbpoll(*arguments: str) -> str:
    if shutil.which("mbpoll") is None:
        pytest.skip("mbpoll not found: apt-get install mbpoll")
    done = subprocess.run(
        ["mbpoll", "-1", "-q", "-0", "-a", "1", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("terminals")
def test_mbpoll_reads_the_simulator_over_a_serial_line(tmp_path):
    sim = SimModbusTerminal(tmp_path / "tty", orno())
    sim.plug()
    try:
        link = os.path.realpath(sim.terminal.link)
        shown = mbpoll("-m", "rtu", "-b", "9600", "-P", "none", "-r", "304", "-c", "2", link)
    finally:
        sim.unplug()
    assert "4998" in shown
    assert "23045" in shown


def test_mbpoll_reads_the_simulator_over_tcp():
    sim = SimModbusTcp(orno())
    sim.plug()
    try:
        shown = mbpoll(
            "-m", "tcp", "-p", str(sim.port), "-t", "4:int", "-B", "-r", "320", "127.0.0.1"
        )
    finally:
        sim.unplug()
    assert "-284" in shown


def test_line_settings_do_not_matter_over_tcp():
    """Two meters behind one gateway may have maps that name different speeds."""
    one = shared_line("tcp://127.0.0.1:1", LineSettings(9600))
    assert shared_line("tcp://127.0.0.1:1", LineSettings(2400)) is one
