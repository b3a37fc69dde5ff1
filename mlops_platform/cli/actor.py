"""Who acts on the command line."""

import getpass

import click

from mlops_platform.errors import SettingsError


def login_name() -> str:
    """The login name.

    Raises:
        SettingsError: this user has none, as in some containers.
    """
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError) as error:
        raise SettingsError(
            "this user has no login name, and the ledger must say who acts. Pass --actor."
        ) from error


def not_blank(_context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Refuse an option that says nothing."""
    if text is not None and not text.strip():
        raise click.BadParameter(
            "it is empty; write it for those who read the ledger", param=option
        )
    return text
