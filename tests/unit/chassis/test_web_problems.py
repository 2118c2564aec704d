"""What a problem document says where nothing of ours was asked."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from chassis.errors import InvalidInput
from chassis.web.problems import install_problem_handlers


def test_an_unknown_path_says_where_the_paths_are_listed() -> None:
    app = FastAPI()
    install_problem_handlers(app)
    problem = TestClient(app).get("/runs/team/name").json()
    assert (problem["title"], problem["code"]) == ("Not Found", "not_found")
    assert "/docs lists every path" in problem["detail"]


def test_a_message_that_utf_8_cannot_hold_leaves_as_a_problem_all_the_same() -> None:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/")
    async def refuse() -> None:  # pyright: ignore[reportUnusedFunction]
        raise InvalidInput("there is no such filter as \ud800")

    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["detail"] == "there is no such filter as ?"
