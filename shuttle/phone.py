"""Phone numbers, from any usual form into one."""

import phonenumbers

from shuttle.errors import RequestError


def international(number: str, country: str, field: str) -> str:
    """Return a phone number in the form ``+494641000``.

    Parameters
    ----------
    number
        As people write it.
    country
        Two letters; of a number that names none.
    field
        Where it stood, for the error.

    Raises
    ------
    RequestError
        If there can be no such number.
    """
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        parsed = None
    possible = phonenumbers.ValidationResult.IS_POSSIBLE  # from abroad too, not only next door
    if parsed is None or phonenumbers.is_possible_number_with_reason(parsed) != possible:
        raise RequestError(
            "invalid_phone",
            field,
            "There is no such phone number; write it with its area code, such as 04641 78123.",
        )
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
