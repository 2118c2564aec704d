"""Chat and text completions, plain and streamed."""
