"""Wires suppliers' invoices: the actions behind the routes, all on the role that reaches across teams."""

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.event_log.port import EventLog
from chassis.ids import new_id
from consumption.invoices.actions import ReadReport, RegisterInvoice, ResolveCalls
from consumption.invoices.postgres_store import PostgresInvoices
from consumption.invoices.resolution_store import PostgresResolutions
from consumption.invoices.usage_store import PostgresCountedUsage


def invoice_actions(worker: Database, log: EventLog) -> dict[str, object]:
    """What the routes ask for, by name."""
    store = PostgresInvoices(worker, log)
    report = ReadReport(store, PostgresCountedUsage(worker))
    return {
        "invoice_store": store,
        "read_report": report,
        "register_invoice": RegisterInvoice(store, report, SystemClock(), new_id),
        "resolve_calls": ResolveCalls(store, PostgresResolutions(worker, log), SystemClock()),
    }
