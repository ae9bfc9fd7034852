"""What comes from outside (city folders, weather, tariffs, calendars) and where results rest."""
