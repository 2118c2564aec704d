"""Every route tried as every kind of person: the answers are those of the role matrix."""

from collections.abc import Mapping
from typing import Any

from fixtures.admin_people import AdminHouse
from fixtures.role_matrix import PLATFORM_ROLES, TEAM_ROLES, mismatches

PATH_VALUES = {
    "account_id": f"acc_{0:032x}",
    "team_id": f"tea_{0:032x}",
    "approval_id": f"apr_{0:032x}",
    "policy_id": f"pol_{0:032x}",
    "version": "1",
}


async def test_no_route_lets_in_anybody_the_matrix_does_not(house: AdminHouse) -> None:
    await house.person(team="matrix-red")
    headers: dict[str, Mapping[str, str]] = {"nobody": {}}
    for role in PLATFORM_ROLES:
        headers[f"platform:{role}"] = (await house.person(role)).headers
    for role in TEAM_ROLES:
        headers[f"team:{role}"] = (await house.person(team="matrix-red", team_role=role)).headers
    app: Any = house.unit.http[0].app
    assert await mismatches(house.client, app, headers, PATH_VALUES) == []
