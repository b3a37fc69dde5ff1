"""Columns that look as if they were about a person, by their names and their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

NAMES: Final = {
    "the name of a person": r"(first|last|middle|given|family|sur|full|maiden|user|nick|person|"
    r"customer|client|patient|passenger|employee|contact|holder|vor|nach)_?names?|surname|forename",
    "a mail address": r"e_?mails?|mail_?addr\w*",
    "a telephone number": r"(tele|mobile_?|cell_?)?phones?|telefon|mobile|fax|msisdn",
    "a birth date or an age": r"(date_?of_?)?birth(_?(day|date|year|dt))?|dob|age|yob|geburtsdatum",
    "a gender": r"gender|sex|geschlecht",
    "an address": r"(street|home|postal|billing|shipping|mailing)?_?address(_?\d)?|street|"
    r"postal_?code|post_?code|zip(_?code)?|house_?number|strasse|plz",
    "an identity number": r"ssn|social_?security\w*|passport\w*|national_?id|tax_?id|nino|"
    r"drivers?_?licen[cs]e\w*|iban|credit_?card\w*|card_?number|account_?number",
    "a network address or a device": r"ip(v4|v6)?(_?addr(ess)?)?|mac_?addr(ess)?|imei|device_?id|"
    r"cookie\w*|user_?agent",
    "what the law protects": r"race|ethnic\w*|religio\w*|nationality|citizenship|marital\w*|"
    r"(sexual_?)?orientation|disab\w*|diagnos[ei]s\w*|pregnan\w*|political\w*|union_?member\w*|"
    r"salary|income",
}
VALUES: Final = {
    "a mail address": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    "a network address or a device": r"(\d{1,3}\.){3}\d{1,3}|([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}",
    "a telephone number": (
        r"\+\d[\d ()/.-]{6,}\d|\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}[-.]\d{3}[-.]\d{4}"
    ),
    "an identity number": r"\d{3}-\d{2}-\d{4}|[A-Z]{2}\d{2}[A-Z0-9]{11,30}",
}
_LEAST_SHARE: Final = 0.5


def looks_personal(name: str, texts: Sequence[str]) -> str | None:
    """Why a column seems to be about a person; None where it does not.

    Args:
        name: its output name.
        texts: some of its values, where they are text.
    """
    for reason, pattern in VALUES.items():
        matching = sum(bool(re.fullmatch(pattern, text.strip())) for text in texts)
        if texts and matching >= _LEAST_SHARE * len(texts):
            return f"its values look like {reason}"
    for reason, pattern in NAMES.items():
        if re.fullmatch(rf"(\w+_)?({pattern})", name):
            return f"its name says {reason}"
    return None
