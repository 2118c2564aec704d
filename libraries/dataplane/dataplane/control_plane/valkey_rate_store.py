"""The rates that all gateways share, in Valkey: one script grants leases, a sorted set says who is there."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from chassis.errors import Unavailable
from chassis.valkey import CONNECTIONS, VALKEY_ERRORS, Valkey
from dataplane.rate_asks import LEASE_MICROSECONDS, RateAnswer, RateAsk

# The server's clock alone decides; a script may ask for it.
_SERVER_CLOCK = """
local function server_time()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
"""
# Who was seen within the last five seconds.
_COUNT = """
local time = redis.call('TIME')
local now = tonumber(time[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 5)
redis.call('EXPIRE', KEYS[1], 10)
return redis.call('ZCARD', KEYS[1])
"""
_PROCESSES_KEY = "rate:processes"
_LONGEST_SHOWN = 200
_replies = msgspec.json.Decoder(list[msgspec.Raw])
_answers = msgspec.json.Decoder(list[RateAnswer])
_answer = msgspec.json.Decoder(RateAnswer)
_log = logging.getLogger("dataplane.rates")


class RatesUnavailable(Unavailable):
    """Valkey does not say how many processes share the rates."""

    code = "rates_unavailable"


def grant_script(clock: str = _SERVER_CLOCK) -> str:
    """The script that grants; a test may give it another clock, a Lua function `server_time`."""
    return clock + files("dataplane.control_plane").joinpath("grant_rates.lua").read_text()


@dataclass
class ValkeyRateStore:
    """RateSource of the data plane. `process` is this process's own name, new at each start."""

    client: Valkey
    process: str
    script: str = field(default_factory=grant_script)

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(CONNECTIONS // 2)
        self._digest = hashlib.sha1(self.script.encode(), usedforsecurity=False).hexdigest()

    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        """One script call for each team, all of them in one round trip where one server holds them."""
        answers: list[RateAnswer | None] = [None] * len(asks)
        teams: dict[str, list[int]] = {}
        for place, ask in enumerate(asks):
            teams.setdefault(ask.team_id, []).append(place)
        batches = list(teams.values())
        calls = [self._arguments([asks[place] for place in places]) for places in batches]
        for places, replied in zip(batches, await self._call(calls), strict=True):
            if not isinstance(replied, bytes):
                continue
            for place, answer in zip(places, _read(replied, len(places)), strict=True):
                answers[place] = answer
        return answers

    async def processes(self) -> int:
        """Say that this process is here; how many are."""
        try:
            return int(await _awaited(self.client.eval(_COUNT, 1, _PROCESSES_KEY, self.process)))
        except VALKEY_ERRORS as error:
            raise RatesUnavailable("Valkey does not answer.") from error

    def _arguments(self, asks: Sequence[RateAsk]) -> list[Any]:
        keys = [f"rate:{{{ask.team_id}}}:{ask.key_id}" for ask in asks]
        wishes = msgspec.json.encode([(ask.number, ask.requests, ask.tokens, ask.slots) for ask in asks])
        return [len(keys), *keys, self.process, LEASE_MICROSECONDS, wishes]

    async def _call(self, calls: Sequence[list[Any]]) -> list[Any]:
        """The replies, an error in place of one that failed. A server that lost the script is given it again."""
        if len(calls) == 1 or not isinstance(self.client, Redis):
            return list(await asyncio.gather(*(self._one(call) for call in calls)))
        replies = await self._pipelined(self.client, calls)
        lost = [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if lost:
            again = [calls[place] for place in lost]
            told = [await self._one(again[0]), *await self._pipelined(self.client, again[1:])]
            for place, reply in zip(lost, told, strict=True):
                replies[place] = reply
        return replies

    async def _pipelined(self, client: Redis, calls: Sequence[list[Any]]) -> list[Any]:
        pipeline = client.pipeline(transaction=False)
        for call in calls:
            pipeline.evalsha(self._digest, *call)  # pyright: ignore[reportUnknownMemberType]
        try:
            return await pipeline.execute(raise_on_error=False)
        except VALKEY_ERRORS as error:
            return [error] * len(calls)

    async def _one(self, call: list[Any]) -> Any:
        """One call, when there is room: the client opens no more connections than it may, it fails instead."""
        async with self._room:
            try:
                try:
                    return await _awaited(self.client.evalsha(self._digest, *call))
                except NoScriptError:
                    return await _awaited(self.client.eval(self.script, *call))
            except VALKEY_ERRORS as error:
                return error


def _read(replied: bytes, asked: int) -> Sequence[RateAnswer | None]:
    """The answers of one script call; what cannot be read is None, and costs the others nothing."""
    try:
        return _answers.decode(replied)
    except msgspec.ValidationError:
        return [_read_one(raw) for raw in _replies.decode(replied)]
    except msgspec.DecodeError:
        _log.warning("a reply about rates is no JSON: %s", replied[:_LONGEST_SHOWN])
        return [None] * asked


def _read_one(raw: msgspec.Raw) -> RateAnswer | None:
    try:
        return _answer.decode(raw)
    except msgspec.ValidationError:
        _log.warning("an answer about rates cannot be read: %s", bytes(raw)[:_LONGEST_SHOWN])
        return None


async def _awaited(reply: Any) -> Any:
    """The client's signatures serve its blocking twin too."""
    return await reply
