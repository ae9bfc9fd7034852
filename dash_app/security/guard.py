"""The guard: every route and every callback has a role, and what has none is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from data.users import Role


@dataclass(eq=False)
class Guard:
    """Roles of routes (by rule of the URL map) and of callbacks (by their id); None means open to everybody.

    Filled while the application is built, only read afterwards.
    """

    routes: dict[str, Role | None] = field(default_factory=dict)
    callbacks: dict[str, Role] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)

    def allow_route(self, rule: str, role: Role | None) -> None:
        """Let a role (and those above) ask for a rule of the URL map; None opens it to everybody."""
        self.routes[rule] = role

    def allow_callback(self, callback_id: str, role: Role, changes: str = "") -> None:
        """Let a role (and those above) run a callback."""
        self.callbacks[callback_id] = role
        if changes:
            self.changes[callback_id] = changes
