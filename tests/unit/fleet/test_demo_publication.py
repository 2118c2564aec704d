"""The demo is published once, whatever an earlier start left half done."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from fleet.demo_publication import NAME, approve, follow, next_version, patiently, submit
from fleet.errors import ApiRefused, ApiUnavailable, PartFailed
from fleet.public_api import PublicApi

RUN = "ver_1"


@dataclass(frozen=True)
class ScriptedApi(PublicApi):
    """Answers by path, the last answer again and again; notes what was asked."""

    base_url: str = ""
    answers: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    asked: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])

    def _ask(self, method: str, path: str, body: object | None) -> dict[str, Any]:
        self.asked.append((method, path, body))
        waiting = self.answers[path.partition("?")[0]]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def listing(state: str, version: str = "1.0.0") -> dict[str, Any]:
    newest = {"state": state, "version": version, "run_id": RUN}
    return {"items": [{"name": f"demo/{NAME}", "listing_id": "lst_1", "newest": newest}]}


def test_the_first_start_submits_the_listing() -> None:
    api = ScriptedApi(answers={"/api/v1/services": [{"items": []}, {"run_id": RUN}]})
    assert submit(api, {"version": "1.0.0"}) == RUN
    assert [method for method, _, _ in api.asked] == ["GET", "POST"]


@pytest.mark.parametrize("state", ["submitted", "published"])
def test_a_later_start_follows_what_is_there(state: str) -> None:
    api = ScriptedApi(answers={"/api/v1/services": [listing(state)]})
    assert submit(api, {"version": "1.0.0"}) == RUN
    assert [method for method, _, _ in api.asked] == ["GET"]


@pytest.mark.parametrize("state", ["failed", "rejected"])
def test_after_a_failure_the_next_version_is_submitted(state: str) -> None:
    api = ScriptedApi(
        answers={"/api/v1/services": [listing(state, "1.0.4")], "/api/v1/services/lst_1": [{"run_id": "ver_2"}]}
    )
    assert submit(api, {"version": "1.0.0"}) == "ver_2"
    assert api.asked[-1] == ("PUT", "/api/v1/services/lst_1", {"version": "1.0.5"})


def test_versions_count_on() -> None:
    assert next_version("1.0.9") == "1.0.10"


def test_only_the_demos_own_version_is_approved() -> None:
    waiting = [{"subject_id": "ver_9", "approval_id": "apr_9"}, {"subject_id": RUN, "approval_id": "apr_1"}]
    api = ScriptedApi(answers={"/workflows": [{"items": waiting}], "/workflows/apr_1/approve": [{}]})
    approve(api, RUN)
    assert [path for method, path, _ in api.asked if method == "POST"] == ["/workflows/apr_1/approve"]


def test_a_run_is_followed_to_its_end() -> None:
    publisher = ScriptedApi(answers={f"/api/v1/runs/{RUN}": [{"state": "running"}, {"state": "succeeded"}]})
    follow(publisher, ScriptedApi(answers={"/workflows": [{"items": []}]}), RUN)


def test_a_failed_run_says_why() -> None:
    publisher = ScriptedApi(answers={f"/api/v1/runs/{RUN}": [{"state": "failed", "error": {"code": "no_answer"}}]})
    with pytest.raises(PartFailed, match="no_answer"):
        follow(publisher, ScriptedApi(), RUN)


def test_what_is_unavailable_is_asked_again_and_what_is_refused_is_not() -> None:
    api = ScriptedApi(answers={"/ready": [ApiUnavailable("not yet"), {"ready": True}], "/no": [ApiRefused("no", 403)]})
    assert patiently(lambda: api.get("/ready")) == {"ready": True}
    with pytest.raises(ApiRefused):
        patiently(lambda: api.get("/no"))
    assert [path for _, path, _ in api.asked] == ["/ready", "/ready", "/no"]
