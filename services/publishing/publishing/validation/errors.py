"""Why a document is not validated at all."""

from chassis.errors import ErrorKind, MarketplaceError


class DocumentTooLarge(MarketplaceError):
    """More bytes than a document may have."""

    code = "document_too_large"
    kind = ErrorKind.INVALID
    status = 413


class DocumentTooSlow(MarketplaceError):
    """The body did not arrive in time."""

    code = "document_too_slow"
    kind = ErrorKind.TIMED_OUT
    status = 408


class DocumentEncoded(MarketplaceError):
    """The body is compressed; it is read as it stands."""

    code = "document_encoded"
    kind = ErrorKind.INVALID
    status = 415


class ValidationBusy(MarketplaceError):
    """Too many documents are being validated."""

    code = "validation_busy"
    kind = ErrorKind.LIMITED
