"""Why a call must wait: which rate of its key it would pass."""

from dataclasses import dataclass
from typing import Literal

RateName = Literal["requests", "tokens", "concurrency"]


@dataclass(frozen=True, slots=True)
class RateShort:
    """Which rate a call would pass, and after how many seconds to try again.

    `askable`: this process holds too little, and the shared buckets may have more.
    """

    rate: RateName
    retry_after: float
    askable: bool = False
