"""Draining, TLS, and several processes on one port."""

import asyncio
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.certificates import tls_pair
from fixtures.wire_line import Line, get, post, until, wire_house

from wire.limits import ServerLimits
from wire.server import Server


async def test_a_drain_lets_replies_finish_and_says_close() -> None:
    async with wire_house() as house:
        idle, busy, halfway = [await house.line() for _ in range(3)]
        await idle.asks(get("/echo"))
        busy.send(get("/kept"))
        await until(lambda: len(house.desk.visits) == 2)
        halfway.send(post("/echo", b"body")[:-2])
        await until(lambda: len(house.desk.visits) == 3)
        closing = asyncio.create_task(house.server.close(20))
        assert await idle.rest() == b""
        assert not closing.done()
        with pytest.raises(ConnectionError):
            await house.line()
        halfway.send(b"dy")
        assert (await halfway.reply()).headers["connection"] == "close"
        house.desk.visits[1].exchange.reply(200, b"", b"finished")
        reply = await busy.reply()
        assert (reply.body, reply.headers["connection"]) == (b"finished", "close")
        await closing


async def test_a_drain_waits_until_the_last_reply_has_left() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.writer.transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
        line.send(get("/kept"))
        await until(lambda: house.desk.visits)
        closing = asyncio.create_task(house.server.close(20))
        await asyncio.sleep(0)
        house.desk.visits[0].exchange.reply(200, b"", b"x" * 8_000_000)
        await asyncio.sleep(0.1)
        assert not closing.done()
        line.writer.transport.resume_reading()  # pyright: ignore[reportAttributeAccessIssue]
        assert len((await line.reply()).body) == 8_000_000
        await closing


async def test_a_drain_ends_in_time_whoever_is_left() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(get("/kept"))
        await until(lambda: house.desk.visits)
        await house.server.close(0.1)
        assert house.desk.visits[0].is_gone
        assert await line.rest() == b""


async def test_a_taken_port_is_named() -> None:
    async with wire_house() as house:
        port = house.server.port
        second = Server(house.desk.accept, house.server.refusal, "127.0.0.1", port, house.ticker)
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1"):
            await second.open()


async def test_requests_go_over_tls_1_3_and_nothing_older(tmp_path: Path) -> None:
    pair = tls_pair(tmp_path)
    async with wire_house(tls=pair) as house:
        line = await house.line()
        reply = await line.asks(post("/echo", b"x" * 500_000))
        assert (reply.status, len(reply.body)) == (200, 500_000)
        assert line.writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        pair[1].maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await house.line()


async def test_a_refused_upload_over_tls_can_still_read_its_refusal(tmp_path: Path) -> None:
    async with wire_house(ServerLimits(linger_seconds=0.3), tls=tls_pair(tmp_path)) as house:
        line = await house.line()
        line.send(post("/echo", b"x" * (8 << 20)))
        assert (await line.reply()).status == 413
        await until(lambda: not house.server.connections)


async def test_a_caller_that_never_shakes_hands_is_let_go(tmp_path: Path) -> None:
    async with wire_house(ServerLimits(head_seconds=0.3), tls=tls_pair(tmp_path)) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
        line = Line(reader, writer)
        house.lines.append(line)
        line.send(b"\x16\x03\x01")
        assert await line.rest() == b""


async def test_two_processes_share_one_port() -> None:
    program = Path(__file__).parents[2] / "fixtures" / "wire_answering_process.py"
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        processes = [
            await asyncio.create_subprocess_exec(sys.executable, str(program), str(port), stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        try:
            for process in processes:
                assert process.stdout is not None
                assert await process.stdout.readline() == b"ready\n"
            seen: set[bytes] = set()
            async with asyncio.timeout(20):
                while len(seen) < 2:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    seen.add((await Line(reader, writer).asks(get("/"))).body)
                    writer.close()
            assert seen == {b"%d" % process.pid for process in processes}
        finally:
            for process in processes:
                process.kill()
                await process.wait()
