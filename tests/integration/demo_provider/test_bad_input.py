"""Bad input at every operation of the demo's own OpenAPI document, all of schemathesis's checks."""

from typing import Any

import pytest
import schemathesis
from fixtures.demo_provider import VENDOR_KEY
from hypothesis import HealthCheck, settings
from schemathesis import Case

from chassis.clock import SystemClock
from demo_provider.compose import application
from demo_provider.openapi_document import document
from demo_provider.settings import DemoProviderSettings

pytestmark = pytest.mark.fuzz
APP = application(DemoProviderSettings(api_key=VENDOR_KEY, ledger_file=None), SystemClock())
# A body that is too large is refused with 413, which schemathesis does not count as a refusal by itself.
REFUSALS = ["400", "401", "403", "404", "405", "413", "415"]
CHECKS = {
    "negative_data_rejection": {"expected-statuses": REFUSALS},
    "positive_data_acceptance": {"expected-statuses": ["2xx", "413"]},
}
schema = schemathesis.openapi.from_dict(document(), config=schemathesis.Config.from_dict({"checks": CHECKS}))
schema.app = APP


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_input_breaks_an_operation(case: Case[Any]) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {VENDOR_KEY}"})
