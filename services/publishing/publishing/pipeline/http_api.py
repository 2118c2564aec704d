"""The door to runs: every phase with its state and report, once or as they change."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse

from chassis.identity.access_tokens import AccessTokens
from chassis.identity.principal import Principal
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from publishing.access import READ_RUNS, view_of
from publishing.pipeline.run_bodies import RunShown, run_shown
from publishing.pipeline.watching import WatchRun

router = APIRouter(tags=["runs"])

RunId = Annotated[str, Path(pattern=r"^ver_[0-9a-f]{32}$", description="A run's id")]
Watching = Annotated[WatchRun, Depends(provided("watch_run"))]
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events; the schema is that of each, whose data is the run as JSON",
        "content": {
            "text/event-stream": {
                "schema": {
                    "type": "object",
                    "required": ["event", "data"],
                    "properties": {"event": {"type": "string", "enum": ["run", "end"]}, "data": {"type": "string"}},
                }
            }
        },
    }
}


@router.get("/api/v1/runs/{run_id}", response_model=RunShown, dependencies=[requires(READ_RUNS)])
async def read_run(run_id: RunId, caller: Caller, watch: Watching) -> RunShown:
    """Where a run stands, phase by phase."""
    return run_shown(await watch.once(view_of(caller), run_id))


@router.get(
    "/api/v1/runs/{run_id}/events",
    response_class=StreamingResponse,
    responses=_EVENTS,
    dependencies=[requires(READ_RUNS)],
)
async def follow_run(
    run_id: RunId, caller: Caller, watch: Watching, tokens: Annotated[AccessTokens, Depends(provided("access_tokens"))]
) -> StreamingResponse:
    """The run whenever it changed, as `event: run`; `event: end` once nothing more will happen.

    The stream ends with the caller's token at the latest; a client that still waits opens it again.
    """
    watch.admit()
    await watch.once(view_of(caller), run_id)
    return StreamingResponse(
        _lines(watch, run_id, caller, tokens),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _lines(watch: WatchRun, run_id: str, caller: Principal, tokens: AccessTokens) -> AsyncGenerator[str]:
    async for run in watch.changes(view_of(caller), run_id, caller.expires_at, lambda: tokens.still_holds(caller)):
        if run is None:
            yield ": still here\n\n"
        else:
            yield f"event: {'end' if run.ended else 'run'}\ndata: {run_shown(run).model_dump_json()}\n\n"
