"""The compared form of what people are recognised by: e-mail without case and in IDNA, phone in E.164."""

from functools import lru_cache

import email_validator
import phonenumbers
from email_validator import EmailNotValidError, validate_email

# The library refuses reserved endings (.test, .local); the standards allow them, and so do we.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


class InvalidIdentifierError(ValueError):
    """The text is no such identifier; the message says why, without quoting it."""


def compared(scheme: str, value: str) -> str:
    """The form in which two identifiers of a scheme are the same when they are equal.

    >>> compared("email", "Mary.Okafor@Example.MUSEUM")
    'mary.okafor@example.museum'
    >>> compared("phone", "0113 496 0123")
    '+441134960123'
    """
    if scheme == "email":
        return compared_email(value)
    if scheme == "phone":
        return compared_phone(value)
    return value.strip()


@lru_cache(4096)  # partners name the same people again and again, and checking an address costs 35 us
def compared_email(value: str) -> str:
    """Accepts every address that RFC 5321 and RFC 6531 allow: new endings, tags, quoted and international ones."""
    try:
        address = validate_email(
            value.strip(),
            check_deliverability=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            globally_deliverable=False,
        )
    except EmailNotValidError as error:
        raise InvalidIdentifierError(f"is not an e-mail address: {error}") from None
    # `local_part` keeps a quoted local part in its quotes where it needs them.
    return f"{address.local_part}@{address.ascii_domain or address.domain}".casefold()


def compared_phone(value: str) -> str:
    """A number without country code is a British one."""
    try:
        number = phonenumbers.parse(value, "GB")
    except phonenumbers.NumberParseException:
        raise InvalidIdentifierError("is not a phone number: write it with digits, as 0113 496 0123 or +44…") from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidIdentifierError("is not a phone number that can exist: check its length")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
