"""Who is calling: people by access token, services by service token; each is checked where it arrives."""
