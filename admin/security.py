"""How Flask-Security is set: its forms, its words, and what is switched off."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask_security import LoginForm, PasswordUtil, TwoFactorRescueForm, TwoFactorSetupForm
from wtforms import PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Length

from admin.sessions import PATH
from conversations.keys import keyed_hash
from conversations.settings import Settings

LONGEST_PASSWORD = 128
OWN_LOOKS = (
    "LOGIN_USER",
    "TWO_FACTOR_SETUP",
    "TWO_FACTOR_VERIFY_CODE",
    "MULTI_FACTOR_RECOVERY",
    "MULTI_FACTOR_RECOVERY_CODES",
    "VERIFY",
    "CHANGE_PASSWORD",
)
SAID = {
    "GENERIC_AUTHN_FAILED": "The address or the password is not right.",
    "TWO_FACTOR_INVALID_TOKEN": "That code is not right, or it has been used.",
    "INVALID_RECOVERY_CODE": "That code is not right, or it has been used.",
    "INVALID_PASSWORD": "That is not your password.",
}


class StaffLoginForm(LoginForm):  # type: ignore[misc]  # Flask-Security has no types
    """Mail address and password; nothing that keeps anybody logged in, and no password that costs long to hash."""

    remember = None
    password = PasswordField(
        "Password",
        validators=[InputRequired(), Length(max=LONGEST_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
    )


class OneMethodForm(TwoFactorSetupForm):  # type: ignore[misc]  # Flask-Security has no types
    """The only second factor that there is; Flask-Security's own field warns about itself."""

    setup = StringField()


class NoRescueForm(TwoFactorRescueForm):  # type: ignore[misc]  # Flask-Security has no types
    """No rescue by mail: recovery codes are the way; Flask-Security's own field warns about itself."""

    help_setup = RadioField(choices=[])


class PasswordLengths(PasswordUtil):  # type: ignore[misc]  # Flask-Security has no types
    """Flask-Security's rules, and a longest password."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        """What is wrong with a new password, and its normal form."""
        if len(password) > LONGEST_PASSWORD:
            return [f"Use at most {LONGEST_PASSWORD} letters"], password
        found: tuple[list[str] | None, str] = super().validate(password, is_register, **kwargs)
        return found


def security_config(settings: Settings) -> Mapping[str, Any]:
    """Flask-Security's settings; secrets are made from the key that never changes."""
    wallet = keyed_hash("second-factor", "secrets", settings.record_key)
    codes = hashlib.sha256(keyed_hash("second-factor", "recovery", settings.record_key).encode()).digest()
    own: dict[str, Any] = {
        "URL_PREFIX": PATH,
        "STATIC_FOLDER": None,
        "CLI_USERS_NAME": None,
        "CLI_ROLES_NAME": None,
        "PASSWORD_HASH": "argon2",
        "PASSWORD_SCHEMES": ["argon2"],
        "DEPRECATED_PASSWORD_SCHEMES": [],
        "PASSWORD_SINGLE_HASH": {"argon2"},
        "PASSWORD_SALT": wallet,
        "PASSWORD_LENGTH_MIN": 12,
        "API_ENABLED_METHODS": ["session"],
        "RETURN_GENERIC_RESPONSES": True,
        "FLASH_MESSAGES": False,
        "CHANGEABLE": True,
        "SEND_PASSWORD_CHANGE_EMAIL": False,
        "TWO_FACTOR": True,
        "TWO_FACTOR_REQUIRED": True,
        "TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "TWO_FACTOR_ALWAYS_VALIDATE": True,
        "TWO_FACTOR_RESCUE_EMAIL": False,
        "TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
        "TOTP_SECRETS": {"1": wallet},
        "TOTP_ISSUER": "Heard demonstration" if settings.demo else "Heard",
        "MULTI_FACTOR_RECOVERY_CODES": True,
        "MULTI_FACTOR_RECOVERY_CODES_KEYS": [base64.urlsafe_b64encode(codes)],
        "FRESHNESS": timedelta(minutes=15),
        "FRESHNESS_GRACE_PERIOD": timedelta(0),
        "POST_LOGIN_VIEW": f"{PATH}/",
        "POST_CHANGE_VIEW": f"{PATH}/",
        "POST_LOGOUT_VIEW": f"{PATH}/login",
    }
    own |= {f"{page}_TEMPLATE": f"staff/{page.lower()}.html" for page in OWN_LOOKS}
    own |= {f"MSG_{name}": (words, "error") for name, words in SAID.items()}
    return {f"SECURITY_{name}": value for name, value in own.items()}
