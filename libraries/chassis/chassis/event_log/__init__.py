"""Facts between services: appended with the rows they are about, read in order, each taking effect once."""
