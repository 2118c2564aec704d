"""How a key's limits stand, in the headers that clients read.

`RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-11 has them: `q` and `r` in units of `qu`,
`w` and `t` in whole seconds. `x-ratelimit-...` as OpenAI names them: the limit is the burst, the reset says when it is
whole again (`120ms`, `4s`, `6m0s`). Every reply carries them, so what stays is written beforehand.
"""

from dataplane.limits import KeyRates

Left = tuple[float | None, float | None]


def rate_lines(rates: KeyRates, left: Left) -> bytes:
    """The headers of one key's limits, as lines; none where it has no limits. `left` is what `rates.left` says."""
    shown = rates.shown
    if shown is None:
        return b""
    requests, tokens = left
    request_lines, request_item = shown.requests.stand(requests)
    token_lines, token_item = shown.tokens.stand(tokens)
    slots = (rates.slots_left(),) if shown.concurrency else ()
    return shown.template % (request_lines + token_lines + request_item + token_item + slots)
