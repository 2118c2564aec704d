"""Exactly as many calls are let in as fit, whoever holds the leases; `QUOTA_CAMPAIGN=full` for all 200 rounds."""

import asyncio
import os
import random
import secrets
import signal
from collections import Counter
from pathlib import Path

import pytest
from fixtures.lease_holders import Market, lease_market
from fixtures.marketplace_database import ProvisionedServer
from fixtures.report import tell

pytestmark = pytest.mark.campaign

CLIENTS = 500
HOLDERS = 4
SEED = 20261128


def _rounds() -> int:
    return 200 if os.environ.get("QUOTA_CAMPAIGN") == "full" else 12


def _shares(dice: random.Random) -> list[int]:
    """The clients over the processes: evenly, or as it comes."""
    if dice.random() < 0.5:
        return [CLIENTS // HOLDERS] * HOLDERS
    cuts = sorted(dice.randrange(CLIENTS + 1) for _ in range(HOLDERS - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, CLIENTS], strict=True)]


async def _rush(market: Market, scopes: list[str], tokens: int, shares: list[int]) -> Counter[str]:
    """All clients at once, at all processes."""
    for holder, clients in zip(market.holders, shares, strict=True):
        holder.send("rush", scopes=scopes, tokens=tokens, clients=clients)
    answers = await asyncio.gather(*(holder.answer() for holder in market.holders))
    return sum((Counter(answer) for answer in answers), Counter[str]())


async def test_exactly_as_many_calls_are_admitted_as_fit_under_a_rush_on_several_processes(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    dice = random.Random(SEED)
    rounds, admitted = _rounds(), 0
    async with lease_market(marketplace_database, tmp_path, HOLDERS) as market:
        for number in range(rounds):
            scope, tokens = f"key:round_{number}:tokens", dice.randint(1, 5000)
            fit = dice.choice([0, 1, 7, dice.randint(2, CLIENTS - 1), CLIENTS])
            scopes = [scope, f"team:round_{number}:tokens"] if dice.random() < 0.3 else [scope]
            for name in scopes:
                await market.limit(name, fit * tokens + dice.randrange(tokens))
            before = int(fit > 0 and dice.random() < 0.4)
            if before:
                # One process has a stock from before that it does not need now.
                await market.holders[dice.randrange(HOLDERS)].ask("rush", scopes=scopes, tokens=tokens, clients=1)
                fit -= 1
            came = await _rush(market, scopes, tokens, _shares(dice))
            said = f"round {number}: {came}, fit {fit} of {tokens} tokens, seed {SEED}"
            assert came["admitted"] == fit, said
            assert came["insufficient_quota"] == CLIENTS - fit, said
            await asyncio.gather(*(holder.ask("settle") for holder in market.holders))
            settled, _, unknown = await market.balance(scope)
            assert (settled, unknown) == ((before + fit) * tokens, 0), said
            admitted += came["admitted"]
    tell(f"{CLIENTS} clients on {HOLDERS} processes, {rounds} rounds: {admitted} admitted, 0 too many, 0 too few")


async def test_a_paused_process_delays_nobody_for_long_and_is_no_reason_to_refuse_for_good(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with lease_market(marketplace_database, tmp_path, 2) as market:
        idle, asking = market.holders
        scope = f"key:{secrets.token_hex(4)}:tokens"
        await market.limit(scope, 160)
        await idle.ask("rush", scopes=[scope], tokens=1, clients=1)
        stock = (await idle.ask("held", scope=scope))["idle"]
        assert stock > 0
        idle.signal(signal.SIGSTOP)
        came = Counter(await asking.ask("rush", scopes=[scope], tokens=1, clients=200))
        assert came["admitted"] == 159 - stock
        assert came["quota_service_unavailable"] == 41 + stock
        idle.signal(signal.SIGCONT)
        total = Counter({"quota_service_unavailable": 41 + stock})
        while unavailable := total.pop("quota_service_unavailable", 0):
            await asyncio.sleep(0.1)
            total += Counter(await asking.ask("rush", scopes=[scope], tokens=1, clients=unavailable))
        assert total == {"admitted": stock, "insufficient_quota": 41}


async def test_a_killed_process_refuses_nobody_for_good_until_its_journal_is_replayed(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with lease_market(marketplace_database, tmp_path, 2) as market:
        dead, asking = market.holders
        scope = f"key:{secrets.token_hex(4)}:tokens"
        await market.limit(scope, 80)
        await dead.ask("rush", scopes=[scope], tokens=1, clients=1)
        dead.signal(signal.SIGKILL)
        came = Counter(await asking.ask("rush", scopes=[scope], tokens=1, clients=100))
        assert came["admitted"] < 79
        assert came["insufficient_quota"] == 0
        assert came["quota_service_unavailable"] == 100 - came["admitted"]
