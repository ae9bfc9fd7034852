"""Tables that leave the application: comma-separated values and spreadsheets, safe to open."""
