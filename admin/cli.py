"""Commands for whoever runs Heard: staff accounts and the audit."""

from __future__ import annotations

from typing import NoReturn

import click

from admin import absence, accounts, demo_logins
from admin.accounts import Staff
from admin.auth import side
from admin.roles import ROLES
from conversations import audit as trail
from conversations.audit import Act
from conversations.commands import StoreAppGroup
from conversations.db import db
from conversations.keys import keyed_hash
from conversations.staff_models import StaffNumberRow

staff = StoreAppGroup("staff", help="Staff accounts and the audit.")
number = StoreAppGroup("number", help="Phone numbers of staff: their texts are screened, never surveyed.")
staff.add_command(number)

CONSOLE = "command line"
role_option = click.option("--role", "roles", multiple=True, type=click.Choice(list(ROLES)), help="Once for each role.")


@staff.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues know them.")
@role_option
def add(email: str, name: str, roles: tuple[str, ...]) -> None:
    """Make an account and print its one-time password."""
    try:
        password = accounts.add(db.session(), email, name, roles)
    except accounts.CannotAdd as reason:
        fail(str(reason))
    _done_to(_person(email), "added an account", ", ".join(roles))
    click.echo(f"One-time password for {email}: {password}")


@staff.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Let somebody in no more; their sessions end now, and gaps that they leave in the rota are named."""
    person = _person(email)
    left = absence.of(db.session(), side().settings, person, side().clock())
    accounts.disable(db.session(), person)
    _done_to(person, "disabled an account")
    click.echo(f"{email} can no longer log in.")
    _warn(left)


@staff.command("roles")
@click.argument("email")
@role_option
def roles(email: str, roles: tuple[str, ...]) -> None:
    """Give somebody these roles and no other; sessions end, and gaps that they leave in the rota are named."""
    person = _person(email)
    stays = absence.keeps_duty(roles)
    left = None if stays else absence.of(db.session(), side().settings, person, side().clock())
    accounts.set_roles(db.session(), person, roles)
    _done_to(person, "changed roles", ", ".join(roles) or "none")
    click.echo(f"{email} has now: {', '.join(roles) or 'no role'}.")
    _warn(left)


@staff.command("area")
@click.argument("email")
@click.argument("area", default="")
def area(email: str, area: str) -> None:
    """Limit the figures that somebody sees to one area of HEARD_AREAS, or without one lift that; their sessions end."""
    if area and area not in side().settings.areas:
        fail(f"There is no area {area} in HEARD_AREAS.")
    person = _person(email)
    accounts.set_area(db.session(), person, area)
    _done_to(person, "limited figures to an area" if area else "lifted the limit to an area", area)
    click.echo(f"{email} sees the figures of {area or 'every area'}.")


@staff.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Let somebody set up a new authenticator, and print a one-time password so that nobody else can."""
    person = _person(email)
    accounts.reset_second_factor(db.session(), person)
    password = accounts.new_password(db.session(), person)
    _done_to(person, "reset a second factor")
    click.echo(f"One-time password for {email}: {password}")


@staff.command("demo")
def demo() -> None:
    """Make one login for each role of the demonstration, and print them; refused outside it."""
    if not side().settings.demo:
        fail("The demonstration logins are for HEARD_DEMO=1 alone: everybody knows their password.")
    demo_logins.add_demo_staff(db.session())
    db.session.commit()
    for role in demo_logins.PEOPLE:
        click.echo(f"{demo_logins.address(role)}  {demo_logins.PASSWORD}  {ROLES[role]}")


@staff.command("audit-head")
def audit_head() -> None:
    """Print the head of the audit, to be copied to another machine; later `audit-verify` holds the audit to it."""
    _still_whole()
    click.echo(trail.head(db.session()))


@staff.command("audit-verify")
@click.argument("head", required=False)
def audit_verify(head: str | None) -> None:
    """Check that no line of the audit was changed or taken out, and that HEAD, copied out earlier, is still in it."""
    _still_whole()
    if head and not trail.contains(db.session(), head.strip()):
        fail("The audit was cut off or written anew: the head that was copied out is not in it.")
    since = f" Lines since that head: {trail.lines_after(db.session(), head.strip())}." if head else ""
    click.echo(f"The audit holds.{since}")


def _still_whole() -> None:
    broken = trail.verify(db.session(), trail.audit_key(side().settings.record_key))
    if broken is not None:
        fail(f"The audit is broken at line {broken}: it was changed, or a line before it is missing.")


@number.command("add")
@click.argument("phone")
def add_number(phone: str) -> None:
    """Note that a number like +447700900123 belongs to staff; only its keyed hash is kept."""
    if not (phone.startswith("+") and phone[1:].isdigit()):
        fail("Give the number like +447700900123.")
    db.session.merge(StaffNumberRow(number=keyed_hash("staff-number", phone, side().settings.record_key)))
    _finish(Act("added a staff number", "staff number"))
    click.echo("Kept, as a keyed hash.")


def fail(reason: str) -> NoReturn:
    """Stop with a reason and exit 1."""
    raise click.ClickException(reason)


def _person(email: str) -> Staff:
    return accounts.by_email(db.session(), email) or fail(f"There is no account {email}.")


def _done_to(person: Staff, what: str, why: str = "") -> None:
    _finish(Act(what, f"staff {person.id}", why))


def _warn(left: absence.Absence | None) -> None:
    """Say beside the output what somebody leaves behind; their access has ended all the same."""
    if left is not None:
        click.echo(left.words, err=True)


def _finish(act: Act) -> None:
    key = trail.audit_key(side().settings.record_key)
    trail.record(db.session(), CONSOLE, [act], side().clock(), key)
    db.session.commit()
