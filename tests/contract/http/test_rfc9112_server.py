"""Every MUST and MUST NOT of RFC 9112 for a server that this engine can meet or break; README.md has the table."""

import pytest
from fakes.memory_caller import Reply
from fixtures.wire_line import HOST, chunked_post, get, post, wire_house

OK, BAD = 200, 400


def raw(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join((*lines, b"", body))


async def answers(request: bytes) -> list[Reply]:
    """Replies to these bytes, until the connection ends."""
    async with wire_house() as house:
        line = await house.line()
        line.send(request + get("/echo", b"connection: close\r\n"))
        found = [await line.reply()]
        while not line.reader.at_eof() and found[-1].headers.get("connection") != "close":
            found.append(await line.reply())
        assert await line.rest() == b""
        return found


async def statuses(request: bytes) -> list[int]:
    return [reply.status for reply in await answers(request)]


async def is_refused(request: bytes, status: int = BAD) -> None:
    assert await statuses(request) == [status]


async def is_taken(request: bytes) -> None:
    assert await statuses(request) == [OK, OK]


async def test_rfc9112_2_2_crlf_before_a_request_line_is_ignored() -> None:
    await is_taken(b"\r\n\r\n" + get("/echo"))


async def test_rfc9112_2_2_a_bare_cr_is_refused() -> None:
    await is_refused(raw(b"GET /echo HTTP/1.1", b"host: a", b"x: a\rb"))
    await is_refused(raw(b"GET /ec\rho HTTP/1.1", b"host: a"))


async def test_rfc9112_2_2_white_space_after_the_request_line_is_refused() -> None:
    await is_refused(raw(b"GET /echo HTTP/1.1", b" x: folded into the request line", b"host: a"))


async def test_rfc9112_2_2_what_is_no_http_is_refused() -> None:
    await is_refused(b"\x16\x03\x01\x02\x00\r\n\r\n")


async def test_rfc9112_2_3_a_higher_minor_version_or_another_major_one_is_answered_in_ours() -> None:
    for version in (b"HTTP/2.0", b"HTTP/1.2", b"HTTP/3.0", b"HTTP/0.9"):
        [reply] = await answers(raw(b"GET /echo " + version, b"host: a"))
        assert reply.status == BAD


@pytest.mark.parametrize("method", [b"get", b"G@T", b"G\x01T", b"WONDER"])
async def test_rfc9112_3_1_a_method_is_case_sensitive_and_an_unknown_one_refused(method: bytes) -> None:
    await is_refused(raw(method + b" /echo HTTP/1.1", b"host: a"))


async def test_rfc9112_3_a_target_that_is_too_long_is_414() -> None:
    await is_refused(get("/" + "x" * 8200), 414)


async def test_rfc9112_3_2_a_request_without_host_is_refused() -> None:
    await is_refused(raw(b"GET /echo HTTP/1.1"))


async def test_rfc9112_3_2_two_hosts_are_refused_also_when_they_agree() -> None:
    await is_refused(raw(b"GET /echo HTTP/1.1", b"host: a", b"host: a"))


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"u@a", b"a:b", b"a,b", b"[::1", b"http://a"])
async def test_rfc9112_3_2_a_host_that_is_none_is_refused(host: bytes) -> None:
    expected = [OK, OK] if host == b"a,b" else [BAD]  # RFC 3986 lets a reg-name hold a comma.
    assert await statuses(raw(b"GET /echo HTTP/1.1", b"host: " + host)) == expected


async def test_rfc9112_3_2_white_space_in_a_target_is_refused() -> None:
    await is_refused(raw(b"GET /ec ho HTTP/1.1", b"host: a"))


async def test_rfc9112_3_2_2_the_absolute_form_is_taken_and_its_host_counts() -> None:
    async with wire_house() as house:
        line = await house.line()
        assert (await line.asks(raw(b"GET http://b.test/echo HTTP/1.1", b"host: a.test"))).status == OK
        [visit] = house.desk.visits
        assert (visit.exchange.head.get(b"host"), visit.exchange.head.path) == (b"b.test", b"/echo")


async def test_rfc9112_3_2_3_the_authority_form_is_refused() -> None:
    await is_refused(raw(b"CONNECT a.test:443 HTTP/1.1", b"host: a.test"))
    await is_refused(raw(b"GET a.test:443 HTTP/1.1", b"host: a.test"))


async def test_rfc9112_3_2_4_the_asterisk_form_is_for_options_alone() -> None:
    await is_taken(raw(b"OPTIONS * HTTP/1.1", b"host: a"))
    await is_refused(raw(b"GET * HTTP/1.1", b"host: a"))


async def test_rfc9112_5_1_white_space_before_the_colon_is_refused() -> None:
    for name in (b"x ", b"x\t", b" x", b"x y", b""):
        await is_refused(raw(b"GET /echo HTTP/1.1", b"host: a", name + b": 1"))


async def test_rfc9112_5_1_white_space_around_a_value_is_no_part_of_it() -> None:
    async with wire_house() as house:
        await house.asks(get("/echo", b"x-a: \t v w \t\r\nx-b:\r\n"))
        head = house.desk.visits[0].exchange.head
        assert (head.get(b"x-a"), (b"x-b", b"") in head.headers) == (b"v w", True)


async def test_rfc9112_5_2_a_folded_line_is_refused() -> None:
    await is_refused(raw(b"GET /echo HTTP/1.1", b"host: a", b"x: 1", b" 2"))
    await is_refused(raw(b"GET /echo HTTP/1.1", b"host: a", b"x: 1", b"\t2"))


async def test_rfc9112_6_1_chunked_is_understood() -> None:
    [first, _] = await answers(chunked_post("/echo", b"abc", b"def"))
    assert (first.status, first.body) == (OK, b"abcdef")


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"chunked;q=1"])
async def test_rfc9112_6_1_any_other_transfer_coding_is_refused(coding: bytes) -> None:
    await is_refused(raw(b"POST /echo HTTP/1.1", b"host: a", b"transfer-encoding: " + coding, body=b"0\r\n\r\n"))


async def test_rfc9112_6_1_a_transfer_coding_of_http_1_0_is_refused_and_closed() -> None:
    await is_refused(raw(b"POST /echo HTTP/1.0", b"host: a", b"transfer-encoding: chunked", body=b"0\r\n\r\n"))


async def test_rfc9112_6_1_no_transfer_encoding_goes_to_http_1_0_nor_with_1xx_or_204() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(b"GET /large/5?chunked HTTP/1.0\r\n\r\n")
        assert b"transfer-encoding" not in await line.rest()
        assert "transfer-encoding" not in (await house.asks(get("/echo?204"))).headers


async def test_rfc9112_6_2_no_content_length_goes_with_transfer_encoding_nor_with_204() -> None:
    async with wire_house() as house:
        assert "content-length" not in (await house.asks(get("/large/5?chunked"))).headers
        assert "content-length" not in (await house.asks(get("/echo?204"))).headers


async def test_rfc9112_6_3_both_framings_are_refused_and_closed() -> None:
    both = raw(
        b"POST /echo HTTP/1.1", b"host: a", b"content-length: 5", b"transfer-encoding: chunked", body=b"0\r\n\r\n"
    )
    await is_refused(both)


@pytest.mark.parametrize("length", [b"+5", b"-5", b"5, 5", b"5,6", b"0x5", b"5 5", b"", b"five", b"9" * 30])
async def test_rfc9112_6_3_an_invalid_content_length_is_refused_and_closed(length: bytes) -> None:
    await is_refused(raw(b"POST /echo HTTP/1.1", b"host: a", b"content-length: " + length, body=b"hello"))


async def test_rfc9112_6_3_a_request_without_framing_has_no_body() -> None:
    [first, second] = await answers(raw(b"POST /echo HTTP/1.1", b"host: a"))
    assert (first.body, second.status) == (b"", OK)


async def test_rfc9112_6_3_the_length_says_where_a_body_ends() -> None:
    [first, second] = await answers(post("/echo", b"hello"))
    assert (first.body, second.status) == (b"hello", OK)


async def test_rfc9112_6_3_head_204_and_304_have_no_body() -> None:
    async with wire_house() as house:
        line = await house.line()
        for request in (get("/large/5").replace(b"GET", b"HEAD"), get("/echo?204"), get("/echo?304")):
            assert (await line.asks(request)).body == b""
        assert (await line.asks(post("/echo", b"in step"))).body == b"in step"


@pytest.mark.parametrize("size", [b"", b"zz", b"-1", b"0x1", b"1 ", b"f" * 20, b" 1"])
async def test_rfc9112_7_1_a_chunk_size_that_is_none_or_overflows_is_refused(size: bytes) -> None:
    wrong = chunked_post("/echo", tail=size + b"\r\nx\r\n0\r\n\r\n")
    # A space around a chunk's size is passed over by some; it changes no length.
    assert (await statuses(wrong))[0] in ((BAD, OK) if size.strip() == b"1" else (BAD,))


async def test_rfc9112_7_1_1_unknown_chunk_extensions_are_ignored() -> None:
    [first, _] = await answers(chunked_post("/echo", tail=b'3;a;b=c;d="e f"\r\nabc\r\n0;x\r\n\r\n'))
    assert first.body == b"abc"


async def test_rfc9112_7_1_2_trailers_are_never_merged_into_the_head() -> None:
    async with wire_house() as house:
        tail = b"0\r\nauthorization: x\r\nhost: evil\r\n\r\n"
        assert (await house.asks(chunked_post("/echo", b"a", tail=tail))).status == OK
        assert not house.desk.visits[0].exchange.head.get(b"authorization")


async def test_rfc9112_7_1_a_chunk_without_its_line_end_is_refused() -> None:
    for tail in (b"1\r\nxx\r\n0\r\n\r\n", b"1\nx\r\n0\r\n\r\n", b"1;a\n\r\nx\r\n0\r\n\r\n"):
        assert (await statuses(chunked_post("/echo", tail=tail)))[0] == BAD


async def test_rfc9112_8_an_incomplete_request_is_never_handed_over_as_whole() -> None:
    async with wire_house() as house:
        for part in (post("/echo", b"hello")[:-1], chunked_post("/echo", b"hello", tail=b"")):
            line = await house.line()
            line.send(part)
            line.writer.write_eof()
            assert await line.rest() == b""
        assert not any(visit.is_whole for visit in house.desk.visits)


async def test_rfc9112_9_3_connections_persist_unless_told_otherwise() -> None:
    await is_taken(get("/echo"))
    assert await statuses(get("/echo", b"connection: x, Close\r\n")) == [OK]
    assert await statuses(b"GET /echo HTTP/1.0\r\n" + HOST + b"connection: keep-alive\r\n\r\n") == [OK]


async def test_rfc9112_9_3_2_pipelined_replies_keep_the_order_of_the_requests() -> None:
    found = await answers(b"".join(post("/echo", b"%d" % number) for number in range(20)))
    assert [reply.body for reply in found] == [*(b"%d" % number for number in range(20)), b""]


async def test_rfc9112_9_6_after_close_no_further_request_is_answered() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(get("/echo", b"connection: close\r\n") + get("/echo"))
        assert (await line.reply()).headers["connection"] == "close"
        assert await line.rest() == b""
        assert len(house.desk.visits) == 1


async def test_rfc9112_9_6_a_server_that_closes_lets_its_last_reply_be_read() -> None:
    async with wire_house() as house:
        line = await house.line()
        line.send(post("/early", b"x" * (4 << 20)))
        reply = await line.reply()
        assert (reply.status, reply.headers["connection"]) == (403, "close")
