"""What the command's exit codes mean; documented in its help."""

FAILED = 1
BAD_INPUT = 2
ALREADY_RUNNING = 3
DEGRADED = 4
CANCELLED = 130
