"""Teams, which are the tenants, and who belongs to them."""
