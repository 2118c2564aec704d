"""Parts of paths and bodies that name a listing."""

from typing import Annotated

from fastapi import Path
from pydantic import StringConstraints

LISTING_ID = "^lst_[0-9a-f]{32}$"
ListingIdPath = Annotated[str, Path(pattern=LISTING_ID, description="The listing's id.")]
ListingIdField = Annotated[str, StringConstraints(pattern=LISTING_ID)]
