"""Commands for people who write and translate scripts; they need no setting and no database."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from conversations.script import check_all, script_folders
from conversations.script.files import schemas


@click.group()
def scripts() -> None:
    """Check the scripts that young people answer."""


@scripts.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folders: tuple[Path, ...]) -> None:
    """Print every fault as file:line: reason, and exit 1 if there is one. Without FOLDERS: the packaged scripts."""
    chosen = list(folders) or script_folders()
    faults = check_all(chosen)
    for fault in faults:
        click.echo(str(replace(fault, file=os.path.relpath(fault.file))))
    if faults:
        raise SystemExit(1)
    click.echo(f"{len(chosen)} scripts, no faults")


@scripts.command()
def schema() -> None:
    """Print the JSON Schema of the three kinds of file, for completion in an editor."""
    click.echo(schemas())
