"""Which ways there are to residents on this machine, from its settings and ``region.toml``."""

from collections.abc import Mapping

from shuttle.domain import Channel
from shuttle.region_config import RegionConfig
from shuttle.settings import Settings, SettingsError
from shuttle.telling.carriers import Carrier
from shuttle.telling.mail import PORTS, Mail
from shuttle.telling.sms import Sms

_NAMES = {Channel.EMAIL: "e-mail", Channel.SMS: "SMS"}


def carriers(settings: Settings, config: RegionConfig) -> Mapping[Channel, Carrier]:
    """Return the carriers that are set up, by channel.

    Raises
    ------
    SettingsError
        If one is set up halfway; names what is missing.
    """
    found: dict[Channel, Carrier] = {}
    if settings.smtp_host is not None:
        found[Channel.EMAIL] = mail(settings.smtp_host, settings, config)
    if config.sms is not None:
        if config.sms.wants_secret and not settings.sms_secret.get_secret_value():
            raise SettingsError(
                "SHUTTLE_SMS_SECRET: [sms] in region.toml uses {secret}; set it to what the "
                "gateway gave you."
            )
        found[Channel.SMS] = Sms(config.sms, settings.sms_secret.get_secret_value())
    return found


def told_of(found: Mapping[Channel, Carrier]) -> str:
    """Return one line that says how residents are told."""
    if not found:
        return (
            "Residents are told nothing: neither SHUTTLE_SMTP_HOST nor [sms] in region.toml is set."
        )
    return f"Residents are told by {' and '.join(_NAMES[each] for each in found)}."


def mail(host: str, settings: Settings, config: RegionConfig) -> Mail:
    """Return what sends mail through a server.

    Raises
    ------
    SettingsError
        If it is set up halfway.
    """
    password = settings.smtp_password.get_secret_value()
    if not settings.smtp_from:
        raise SettingsError("SHUTTLE_SMTP_FROM: set the address that e-mail comes from.")
    if bool(settings.smtp_user) != bool(password):
        raise SettingsError(
            "SHUTTLE_SMTP_USER and SHUTTLE_SMTP_PASSWORD: set both, or neither if the server "
            "wants none."
        )
    return Mail(
        host=host,
        port=settings.smtp_port or PORTS[settings.smtp_security],
        security=settings.smtp_security,
        sender=settings.smtp_from,
        sender_name=config.contact.operator,
        reply_to=config.contact.email,
        user=settings.smtp_user,
        password=password,
        timeout=settings.smtp_timeout_seconds,
    )
