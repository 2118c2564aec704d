"""What is sold in the simulation: a team with two keys, and a listing at each of three hosts."""

from simulation.plan import PlannedCall, Setting
from simulation.vendor import GONE, READY, SLOW

from dataplane.price import Price
from dataplane.records import KeyRecord, LimitedScope, RateLimits, Route

PLATFORM, TEAM_TOKENS, TEAM_MONEY, KEY_TOKENS = "platform:usd", "team:tokens", "team:usd", "key_0:tokens"
# Nothing of these divides evenly, so that roundings show.
PRICE = Price("prc_1", 1_234_567_891, 2_000_000_003, 333_333_333, per_request=7)
SECRETS = (b"mk_first", b"mk_second")


def keys_of(setting: Setting) -> tuple[KeyRecord, KeyRecord]:
    """One key with a quota of its own, one that is bound by its team's alone."""
    money, tokens, team_money, key_tokens = setting.limits
    shared = (
        LimitedScope(PLATFORM, "platform", "nanodollars", money),
        LimitedScope(TEAM_TOKENS, "team", "tokens", tokens),
        LimitedScope(TEAM_MONEY, "team", "nanodollars", team_money),
    )
    rates = RateLimits(50.0, 20.0, 2_000_000, 20) if setting.with_rates else RateLimits()
    own = LimitedScope(KEY_TOKENS, "key", "tokens", key_tokens)
    return (
        KeyRecord("key_0", "team_1", "acc_1", limits=rates, scopes=(*shared, own)),
        KeyRecord("key_1", "team_1", "acc_1", limits=rates, scopes=shared),
    )


def routes() -> dict[str, Route]:
    """By full name."""
    made = [
        Route(
            *(f"lst_{host}", f"ver_{host}", host.partition(".")[0], "1.0.0", f"https://{host}/v1", "model"),
            team_slug="acme",
            price=PRICE,
        )
        for host in (READY, SLOW, GONE)
    ]
    return {route.full_name: route for route in made}


def body_of(call: PlannedCall) -> bytes:
    """The request of a planned call."""
    model = b"gone" if call.behaviour == "unreachable" else b"slow" if call.size == 400 else b"ready"
    stream = b',"stream":true' if call.streamed else b""
    return b'{"model":"acme/%b","max_tokens":%d,"messages":[{"role":"user","content":"%b"}]%b}' % (
        *(model, call.tokens, b"x" * call.size),
        stream,
    )
