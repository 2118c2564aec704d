"""Past calls priced again: what changed in the book since then becomes corrections, and no usage row changes."""
