"""Import of vendors' model catalogues: entries that are shown and searchable, and not callable."""
