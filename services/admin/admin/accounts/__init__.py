"""People and programs that may sign in: who they are, their roles, locking."""
