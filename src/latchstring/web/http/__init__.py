"""What every surface shares: rendering pages and their headers, static files, origins."""
