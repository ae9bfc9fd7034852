"""Parts that pages are put together from; each is a pure function of the view and what it shows."""
