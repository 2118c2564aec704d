"""The byte engine: HTTP/1.1 server and client out of protocols and callbacks; no task, no future on an ordinary way."""
