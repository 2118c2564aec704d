"""Who may do what in discovery. What a listing shows to whom is decided by its visibility, not here."""

from chassis.web.access import PUBLIC, SIGNED_IN

BROWSE = PUBLIC
RATE = SIGNED_IN
TELL_INTERACTIONS = SIGNED_IN
