"""What can be wrong with an invoice, or with a decision by one."""

from chassis.errors import Conflict, InvalidInput, NotFound, TimedOut


class InvoiceRefused(InvalidInput):
    """The file is no invoice as described; the message names the line and the column."""

    code = "invoice_refused"


class InvoiceTypeRefused(InvalidInput):
    """The body is not declared as CSV."""

    code = "unsupported_media_type"
    status = 415


class InvoiceNotFound(NotFound):
    """No such invoice."""

    code = "invoice_not_found"


class CallNotResolvable(Conflict):
    """A call is not of unknown end or not covered by this invoice, or was decided otherwise; nothing was changed."""

    code = "call_not_resolvable"


class CostNeeded(InvalidInput):
    """The price book does not say what the call costs: the decision has to."""

    code = "cost_needed"


class ReportTimedOut(TimedOut):
    """The calls that an invoice covers could not be summed in the time that an answer has."""

    code = "report_timed_out"
