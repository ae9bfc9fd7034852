"""What the city should do: LP and MIP optimizers whose plans carry a certificate; they know no city and no file."""
