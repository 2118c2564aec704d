"""Reading the table of listings as one viewer: the policies of the table decide what is there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from discovery.indexing.rules import Viewer


@asynccontextmanager
async def reading_as(viewer: Viewer, database: Database) -> AsyncGenerator[Transaction]:
    """A transaction that sees what the viewer may see; a viewer has one active team at most."""
    team = next(iter(viewer.team_ids), None)
    async with database.transaction(team, read_only=True) as transaction:
        if viewer.signed_in:
            await transaction.execute("SELECT set_config('discovery.signed_in', 'yes', true)")
        yield transaction
