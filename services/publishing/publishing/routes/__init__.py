"""Where a call to a listing goes, for the services that carry calls."""
