"""Every MUST and MUST NOT of RFC 9112 for an intermediary, with those of RFC 9110 that it rests on."""

import pytest
from fixtures.scripted_upstream import Conversation, always_ok, once
from fixtures.wire_line import HOST, chunked_post, get, post
from fixtures.wire_relay import relay_house


async def handed_on(request: bytes) -> bytes:
    """What the server behind gets."""
    async with relay_house(always_ok) as world:
        await world.house.asks(request)
        return world.upstream.received


async def test_rfc9112_2_3_the_version_sent_on_is_our_own() -> None:
    assert b" HTTP/1.1\r\n" in await handed_on(b"GET / HTTP/1.0\r\n\r\n")


async def test_rfc9112_3_2_host_is_sent_on_first_and_once() -> None:
    got = await handed_on(get("/", b"x-a: 1\r\n"))
    assert got.split(b"\r\n")[1].startswith(b"host: upstream.test:")
    assert got.count(b"\r\nhost: ") == 1


async def test_rfc9112_3_2_2_an_absolute_form_becomes_an_origin_form_with_the_host_of_the_server() -> None:
    got = await handed_on(b"GET http://evil.test/a?b HTTP/1.1\r\nhost: other.test\r\n\r\n")
    assert got.startswith(b"GET /a?b HTTP/1.1\r\nhost: upstream.test:")
    assert b"evil" not in got


async def test_rfc9112_3_2_4_options_of_the_server_as_a_whole_stays_an_asterisk() -> None:
    assert (await handed_on(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")).startswith(b"OPTIONS * HTTP/1.1\r\n")


async def test_rfc9112_3_2_path_and_query_are_sent_on_as_they_came() -> None:
    for target in ("/%2e%2e/a", "//a//b", "/a;b=c?d=%20&&e", "/?", "/a%00b"):
        assert (await handed_on(get(target))).startswith(f"GET {target} HTTP/1.1\r\n".encode())


async def test_rfc9112_5_1_white_space_before_a_colon_is_cut_off_a_response_or_it_is_refused() -> None:
    async with relay_house(once(b"HTTP/1.1 200 OK\r\nx : 1\r\ncontent-length: 0\r\n\r\n")) as world:
        reply = await world.house.asks(get("/"))
        assert reply.status == 502 or "x " not in reply.headers


async def test_rfc9112_5_2_a_folded_line_of_a_response_is_refused_or_unfolded() -> None:
    async with relay_house(once(b"HTTP/1.1 200 OK\r\nx: 1\r\n 2\r\ncontent-length: 0\r\n\r\n")) as world:
        reply = await world.house.asks(get("/"))
        assert reply.status == 502 or reply.headers["x"].split() == ["1", "2"]


async def test_rfc9112_6_1_transfer_coding_is_ours_on_either_side() -> None:
    got = await handed_on(chunked_post("/", b"hello"))
    assert (b"content-length: 5\r\n" in got, b"transfer-encoding" in got) == (True, False)


@pytest.mark.parametrize("length", [b"5\r\ncontent-length: 6", b"5\r\ntransfer-encoding: chunked", b"5, 5", b"-5"])
async def test_rfc9112_6_3_a_response_of_invalid_length_is_502_and_its_connection_closed(length: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: " + length + b"\r\n\r\nhello"
    async with relay_house(once(answer, hangs_up=False)) as world:
        assert (await world.house.asks(get("/"))).status == 502
        assert world.relay.client.idle(world.upstream.origin) is None


async def test_rfc9112_6_3_bytes_after_a_response_never_become_another() -> None:
    extra = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"
    async with relay_house(once(extra, hangs_up=False)) as world:
        line = await world.house.line()
        assert [(await line.asks(get("/"))).body for _ in range(3)] == [b"ok"] * 3


async def test_rfc9112_7_1_2_trailers_are_not_sent_on() -> None:
    got = await handed_on(chunked_post("/", b"a", tail=b"0\r\nx-trailer: 1\r\n\r\n"))
    assert b"x-trailer" not in got


async def test_rfc9112_7_1_3_chunk_extensions_are_not_sent_on() -> None:
    assert b"ext" not in await handed_on(chunked_post("/", tail=b"1;ext=1\r\nx\r\n0\r\n\r\n"))


async def test_rfc9112_8_a_response_that_is_cut_off_reaches_the_caller_as_cut_off() -> None:
    async with relay_house(once(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")) as world:
        line = await world.house.line()
        line.send(get("/"))
        assert not (await line.rest()).endswith(b"0\r\n\r\n")


async def test_rfc9112_9_3_persistence_is_each_connection_s_own() -> None:
    got = await handed_on(get("/", b"connection: close\r\n"))
    assert b"connection" not in got


async def test_rfc9112_9_3_1_only_what_may_be_repeated_is_sent_again() -> None:
    async def breaks_off(conversation: Conversation) -> None:
        await conversation.request()

    for request, times in ((get("/"), 2), (post("/", b"x"), 1), (get("/").replace(b"GET", b"DELETE"), 1)):
        async with relay_house(breaks_off) as world:
            assert (await world.house.asks(request)).status == 502
            assert len(world.upstream.conversations) == times


async def test_rfc9110_7_6_1_what_connection_names_is_dropped() -> None:
    headers = (
        b"connection: x-one\r\nx-one: 1\r\nconnection: X-Two\r\nx-two: 2\r\nte: a\r\nkeep-alive: 1\r\nother: 1\r\n"
    )
    got = await handed_on(get("/", headers))
    assert not any(name in got for name in (b"x-one", b"x-two", b"\r\nte:", b"keep-alive"))
    assert b"other: 1" in got


async def test_rfc9110_7_6_3_via_names_us_after_all_before() -> None:
    got = await handed_on(get("/", b"via: 1.1 first\r\n"))
    assert got.index(b"via: 1.1 first") < got.index(b"via: 1.1 relay.test")


async def test_rfc9110_7_8_upgrade_is_not_sent_on() -> None:
    got = await handed_on(get("/", b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: x\r\n"))
    assert b"upgrade" not in got
    assert b"http2-settings" not in got


async def test_rfc9110_9_3_1_a_get_with_a_body_goes_on_with_that_body_framed() -> None:
    got = await handed_on(post("/", b"GET /x").replace(b"POST", b"GET"))
    assert got.startswith(b"GET / ")
    assert b"content-length: 6\r\n" in got
    async with relay_house(always_ok) as world:
        line = await world.house.line()
        for _ in range(2):
            assert (await line.asks(post("/", b"GET /x").replace(b"POST", b"GET"))).status == 200


async def test_rfc9110_10_1_1_an_expectation_is_met_by_us() -> None:
    async with relay_house(always_ok) as world:
        line = await world.house.line()
        line.send(post("/", b"hello", b"expect: 100-continue\r\n")[:-5])
        assert (await line.reply()).status == 100
        line.send(b"hello")
        assert (await line.reply()).status == 200
        assert b"expect" not in world.upstream.received


async def test_rfc9110_15_2_interim_responses_are_not_taken_for_the_final_one() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    async with relay_house(once(early * 2 + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")) as world:
        reply = await world.house.asks(get("/"))
        assert (reply.status, reply.body, "link" in reply.headers) == (200, b"ok", False)
