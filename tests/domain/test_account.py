"""Roles and what they permit."""

from __future__ import annotations

import pytest

from consent_server.domain.account import PERMISSIONS, Actor, Permission, Role


def test_every_permission_is_somebodys_and_an_owner_has_all() -> None:
    assert PERMISSIONS.keys() == set(Role)
    assert PERMISSIONS[Role.OWNER] == set(Permission)


@pytest.mark.parametrize(
    ("role", "permission"),
    [
        (Role.EDITOR, Permission.PROVE),
        (Role.EDITOR, Permission.MANAGE),
        (Role.AUDITOR, Permission.EDIT),
        (Role.AUDITOR, Permission.ERASE),
        (Role.VIEWER, Permission.PROVE),
    ],
)
def test_what_is_not_of_a_role_is_refused(role: Role, permission: Permission) -> None:
    assert not Actor("user", 1, "a@example.org", 1, role).may(permission)
