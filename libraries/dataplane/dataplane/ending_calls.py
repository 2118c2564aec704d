"""How the calls of a process end when it is told to end."""

import asyncio

from dataplane.call_door import CallDoor
from dataplane.journal import Journal
from dataplane.refusals import Draining

_LOOK_AGAIN_SECONDS = 0.02


async def end_calls(door: CallDoor, journal: Journal, within_seconds: float) -> None:
    """Take no new call, and let those under way go on; one that lasts longer is cut.

    Its caller hears of it inside its stream, or by a 503, and pays for what came, not for what was reserved.
    """
    door.draining = True
    parts, now = door.parts, asyncio.get_running_loop().time
    end = now() + within_seconds
    while parts.in_flight:
        if now() >= end:
            break
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    # A request whose body still comes was accepted before, and its call would be settled by nobody.
    journal.take_no_more()
    for flight in list(parts.around.flights):
        flight.cut(Draining("This process is going down and could not wait for the end: send the request again."))
