"""Readiness of a gateway: every service at first, then only word of what is missing."""

from fixtures.scripted_upstream import Conversation, at_loopback, scripted_upstream

from chassis.health import Readiness
from gateway.routes.service_check import ServiceCheck
from wire.client import Client
from wire.ticker import Ticker

_READY = b'{"parts": [{"name": "index", "state": "degraded"}, {"name": "database", "state": "ok"}]}'
_ANSWERS = [
    b"503 Not Yet\r\ncontent-length: 0\r\n\r\n",
    b"200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(_READY), _READY),
    b"503 Away\r\ncontent-length: 0\r\n\r\n",
]


async def test_a_service_is_awaited_at_the_start_and_then_missed_without_closing_the_door() -> None:
    async def answers(conversation: Conversation) -> None:
        for answer in _ANSWERS:
            await conversation.request()
            conversation.says(b"HTTP/1.1 " + answer)

    ticker = Ticker()
    ticker.start()
    client = Client(at_loopback, ticker)
    try:
        async with scripted_upstream(answers) as upstream:
            readiness = Readiness(required={"discovery": ServiceCheck(client, upstream.origin)})
            reports = [await readiness.report() for _ in _ANSWERS]
        reports.append(await readiness.report())
    finally:
        client.close()
        ticker.stop()
    said = [(report.ready, report.parts[0].state, report.parts[0].detail) for report in reports]
    assert said == [
        (False, "failed", "is not ready"),
        (True, "degraded", "degraded: index"),
        (True, "degraded", "is not ready"),
        (True, "degraded", "does not answer"),
    ]
