"""The table of paths: the first row that matches says which service answers."""

import re
from dataclasses import dataclass

ADMIN, PUBLISHING, DISCOVERY, CONSUMPTION = "admin", "publishing", "discovery", "consumption"
SERVICES = (ADMIN, PUBLISHING, DISCOVERY, CONSUMPTION)
_ID = r"lst_[0-9a-f]{32}"


@dataclass(frozen=True)
class RouteRow:
    """Paths that a pattern matches from their start, for some methods or all."""

    pattern: re.Pattern[str]
    service: str
    methods: frozenset[str] = frozenset()


def _row(pattern: str, service: str, *methods: str) -> RouteRow:
    return RouteRow(re.compile(pattern + r"(?=/|$)"), service, frozenset(methods))


TABLE: tuple[RouteRow, ...] = (
    _row(r"(/api/v1)?/(auth|users|workflows|dashboard|audit|policies|analytics)", ADMIN),
    _row(r"/api/v1/teams", ADMIN),
    _row(r"/\.well-known/jwks\.json", ADMIN),
    _row(r"/health/(services|history)", ADMIN),
    _row(r"/api/v1/(search|recommendations|trending|autocomplete|categories|tags|stats|interactions)", DISCOVERY),
    _row(r"/api/v1/services/[^/]+/(similar|ratings)", DISCOVERY),
    RouteRow(re.compile(r"/api/v1/services/[^/]+$"), DISCOVERY, frozenset({"GET", "HEAD"})),
    _row(r"/api/v1/(services|runs|validate|catalogue)", PUBLISHING),
    _row(r"/api/v1/(keys|tiers|budgets|usage|quota|calls|sla|invoices|access-requests)", CONSUMPTION),
    _row(r"/api/v1/(ledger|prices|recalculations|recalculation-previews)", CONSUMPTION),
)


def service_of(method: str, path: str) -> str | None:
    """The service that answers, or None where no row matches."""
    for row in TABLE:
        if row.pattern.match(path) and (not row.methods or method in row.methods):
            return row.service
    return None
