"""PostgreSQL: pools, transactions that know their tenant, migrations."""
