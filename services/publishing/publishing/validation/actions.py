"""What can be done here: validate a document, with or without publishing it."""

from dataclasses import dataclass

from publishing.validation.errors import DocumentTooLarge
from publishing.validation.findings import Mode, ValidationReport
from publishing.validation.ports import DocumentValidator

MAX_DOCUMENT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class ValidateDocument:
    """Validate the bytes of one document; whatever they are, the answer is a report."""

    validator: DocumentValidator
    max_bytes: int = MAX_DOCUMENT_BYTES

    async def __call__(self, raw: bytes, content_type: str, mode: Mode) -> ValidationReport:
        """The report. Raises DocumentTooLarge, or ValidationBusy when too many documents wait already."""
        self.admit(len(raw))
        return await self.validator.validate(raw, content_type, mode)

    def admit(self, size: int) -> None:
        """Refuse a document of that many bytes as soon as the size is known."""
        if size > self.max_bytes:
            raise DocumentTooLarge(
                f"The document is larger than {self.max_bytes:,} bytes: split it, or leave out examples.",
                limit_bytes=self.max_bytes,
            )
