"""The numbers of records, as large as the books take them; looked at where a record is read, never where it is made."""

from typing import Annotated

import msgspec

# Tokens, nano-dollars, microseconds: what PostgreSQL keeps in a bigint.
Amount = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# Microseconds since 1970, until the year 2255: always a moment that datetime knows.
Moment = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
# What an HTTP status is kept in.
Status = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
