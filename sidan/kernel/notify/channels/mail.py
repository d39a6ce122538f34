"""Electronic mail by the SMTP server that SIDAN_EMAIL_URL names."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage

from sidan.kernel.notify.channels import Letter, NotNowReachable, Unreachable

LASTING = range(500, 600)  # SMTP: it will be refused again


class Mail:
    """One mail to one reader, never to several at once."""

    name = "email"

    def send(self, letter: Letter) -> None:
        if not letter.email:
            raise Unreachable
        mail = EmailMessage(
            letter.title, letter.body, settings.DEFAULT_FROM_EMAIL, [letter.email],
            headers={"Message-ID": f"<{letter.id.replace(':', '.')}@{_host()}>", "Auto-Submitted": "auto-generated"},
        )  # fmt: skip
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _words in error.recipients.values()]
            if all(code in LASTING for code in codes):
                raise Unreachable from None
            raise NotNowReachable(f"SMTP {codes[0]}") from None
        except smtplib.SMTPResponseException as error:
            raise NotNowReachable(f"SMTP {error.smtp_code}") from None
        except TimeoutError:
            raise NotNowReachable("no answer in time") from None
        except (smtplib.SMTPException, OSError) as error:
            # Its words may quote the address.
            raise NotNowReachable(f"no connection ({type(error).__name__})") from None


def _host() -> str:
    return str(settings.DEFAULT_FROM_EMAIL).rpartition("@")[2].strip(" >") or "localhost"
