"""One process of several that call with the same key: what it lets in, and when, goes to a file.

`python rate_caller.py <url of Valkey> <its name>` says that it is ready, and then does one order after another: a line
of JSON each, as `Order` has it, answered by a line of JSON.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.call_door import a_key, a_route

from chassis.valkey import open_valkey
from dataplane.admission import AdmissionState, asking
from dataplane.control_plane.valkey_rate_store import ValkeyRateStore
from dataplane.lease_keeper import LeaseKeeper
from dataplane.rate_leaser import RateLeaser
from dataplane.records import RateLimits
from dataplane.refusals import RateLimited


class Order(msgspec.Struct):
    """What to do from the moment `begin` of the clock that all processes of a machine share, in nanoseconds.

    `pace` is calls a second that are tried, `hold_seconds` how long each lasts. For each that was let in a line with
    its begin and its end is written to `file`.
    """

    key: str
    limits: dict[str, Any]
    begin: int
    seconds: float
    pace: float
    file: str
    tokens: int = 1
    unused: int = 0
    hold_seconds: float = 0.0


class _NoSource:
    async def acquire(self, *_: object) -> None:
        raise AssertionError("keys without scopes need no lease of money")


async def call(order: Order, keeper: LeaseKeeper) -> int:
    """Call until the time is over; how many calls were tried."""
    request = asking(a_key(key_id=order.key, limits=RateLimits(**order.limits), scopes=()), a_route(), order.tokens, 0)
    file = os.open(order.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def one() -> None:
        try:
            admitted = await keeper.admit(request)
        except RateLimited:
            return
        begun = time.monotonic_ns()
        if order.hold_seconds:
            await asyncio.sleep(order.hold_seconds)
        ended = time.monotonic_ns()
        keeper.state.rates.finish(admitted.rates, order.unused)
        os.write(file, b"%d %d\n" % (begun, ended))

    await asyncio.sleep(max(0.0, (order.begin - time.monotonic_ns()) / 1e9))
    tried, calls = 0, set[asyncio.Task[None]]()
    while (now := time.monotonic_ns()) < order.begin + order.seconds * 1e9:
        while tried < (now - order.begin) / 1e9 * order.pace:
            tried += 1
            calls.add(task := asyncio.create_task(one()))
            task.add_done_callback(calls.discard)
        await asyncio.sleep(0.002)
    await asyncio.gather(*calls)
    os.close(file)
    return tried


async def serve(url: str, name: str) -> None:
    """Do what stands in the lines of the input until it ends."""
    state = AdmissionState()
    async with open_valkey(SecretStr(url), name=name) as client:
        leaser = RateLeaser(
            state.rates,
            ValkeyRateStore(client, name),
            lambda: time.time_ns() // 1000,
            expected=4,
            # A busy machine must not look like a server that is away: what is measured is the leases.
            parked_seconds=20.0,
            answer_seconds=10.0,
        )
        keeper = LeaseKeeper(state, _NoSource(), "h", leaser.now, lambda: "r", lambda _: None, rates=leaser)  # type: ignore[arg-type]
        running = asyncio.create_task(leaser.run())
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            exchanges, failures = leaser.exchanges, leaser.failures
            tried = await call(msgspec.json.decode(line, type=Order), keeper)
            told = {
                "tried": tried,
                "exchanges": leaser.exchanges - exchanges,
                "failures": leaser.failures - failures,
                "alone": len(state.rates.alone),
            }
            print(msgspec.json.encode(told).decode(), flush=True)
        running.cancel()


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
