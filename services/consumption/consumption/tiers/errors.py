"""What can be wrong with tiers."""

from chassis.errors import InvalidInput


class TierUnknown(InvalidInput):
    """No tier has that name."""

    code = "tier_unknown"


class AboveTier(InvalidInput):
    """A key asks for more than its tier allows."""

    code = "above_tier"
