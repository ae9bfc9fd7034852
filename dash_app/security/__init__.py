"""Who may enter and do what: sessions, log-in, the guard of every route and callback, headers."""
