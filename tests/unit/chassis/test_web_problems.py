"""What a problem document says where nothing of ours was asked."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from chassis.web.problems import install_problem_handlers


def test_an_unknown_path_says_where_the_paths_are_listed() -> None:
    app = FastAPI()
    install_problem_handlers(app)
    problem = TestClient(app).get("/runs/team/name").json()
    assert (problem["title"], problem["code"]) == ("Not Found", "not_found")
    assert "/docs lists every path" in problem["detail"]
