"""`python -m twin`: the same as the command `twin`."""

from twin.cli import main

main()
