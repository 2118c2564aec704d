"""Bad input at every operation of admin's own OpenAPI document, all of schemathesis's checks."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from fixtures.admin_people import FIRST_EMAIL, FIRST_PASSWORD, PASSWORD
from fixtures.admin_process import admin_process
from fixtures.marketplace_database import ProvisionedServer
from hypothesis import HealthCheck, settings
from prometheus_client import CollectorRegistry
from schemathesis import Case

from admin.compose_doors import web_application
from chassis.clock import SystemClock
from chassis.health import Readiness

pytestmark = pytest.mark.fuzz
# The rules of passwords and of reserved slugs say more than a schema can: 422 for what the schema allows; 412: an ETag
# that is none.
ACCEPTED = ["2xx", "400", "401", "403", "404", "409", "412", "422", "429"]
REFUSED = ["400", "401", "403", "404", "405", "406", "413", "415", "422", "428", "429"]
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ACCEPTED},
    "negative_data_rejection": {"expected-statuses": REFUSED},
}
# What ends the caller's own sessions is called by somebody else.
SECOND_NAMES = re.compile("^/api/v1/(auth|users|workflows|dashboard|audit)")
SIGNING_OFF = ("/auth/logout", "/auth/change-password")


@pytest.fixture(scope="module")
def admin_url(marketplace_database: ProvisionedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A process that serves."""
    with admin_process(marketplace_database, tmp_path_factory.mktemp("admin") / "log") as url:
        yield url


def sign_in(url: str, email: str, password: str) -> dict[str, str]:
    """Headers with a token, spelt as schemathesis takes them off when it tries without."""
    answer = httpx.post(f"{url}/auth/login", json={"email": email, "password": password})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(scope="module")
def headers(admin_url: str) -> dict[str, dict[str, str]]:
    """The governor's and the leaver's."""
    governor = sign_in(admin_url, FIRST_EMAIL, FIRST_PASSWORD)
    body = {"email": "leaver@marketplace.test", "password": PASSWORD, "team": {"slug": "leaving"}}
    httpx.post(f"{admin_url}/users", json=body, headers=governor).raise_for_status()
    return {"governor": governor, "leaver": sign_in(admin_url, "leaver@marketplace.test", PASSWORD)}


def document() -> dict[str, Any]:
    """The document as it is served, without the second name of each older path."""
    served = web_application({}, Readiness(), CollectorRegistry(), SystemClock()).openapi()
    paths = {path: item for path, item in served["paths"].items() if not SECOND_NAMES.match(path)}
    return {**served, "paths": paths}


schema = schemathesis.openapi.from_dict(document(), config=schemathesis.Config.from_dict({"checks": CHECKS}))


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_input_breaks_an_operation(case: Case[Any], admin_url: str, headers: dict[str, dict[str, str]]) -> None:
    person = "leaver" if case.path.endswith(SIGNING_OFF) else "governor"
    case.call_and_validate(base_url=admin_url, headers=headers[person])
