"""Who waits for one topic is woken by its news alone, and by news that may be of any topic."""

import asyncio

from chassis.event_log.news import News

LONG = 5.0


async def _waiting(news: News, topic: str) -> asyncio.Task[None]:
    waiter = asyncio.create_task(news.wait(topic, news.heard(topic), LONG))
    await asyncio.sleep(0)
    return waiter


async def _ended(*waiters: asyncio.Task[None]) -> list[bool]:
    for _ in range(5):
        await asyncio.sleep(0)
    return [waiter.done() for waiter in waiters]


async def test_news_of_a_topic_wakes_all_who_wait_for_it_and_nobody_else() -> None:
    news = News()
    first, second, other = [await _waiting(news, topic) for topic in ("a", "a", "b")]
    news.tell(["a", "c"])
    assert await _ended(first, second, other) == [True, True, False]
    assert [news.heard(topic) for topic in "abc"] == [1, 0, 1]
    news.tell_all()
    assert await _ended(other) == [True]
    assert [news.heard(topic) for topic in "abcd"] == [2, 1, 2, 1]


async def test_what_was_heard_before_waiting_began_is_not_waited_for() -> None:
    news = News()
    seen = news.heard("a")
    news.tell(["a"])
    async with asyncio.timeout(LONG):
        await news.wait("a", seen, 10 * LONG)


async def test_waiting_ends_with_its_time() -> None:
    news = News()
    await news.wait("a", news.heard("a"), 0.001)
    assert news.heard("a") == 0
