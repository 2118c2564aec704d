"""Why a catalogue is not imported."""

from chassis.errors import Forbidden


class PublicImportRefused(Forbidden):
    """A team asks for what everybody would see, and no approver has."""

    code = "public_import_refused"
