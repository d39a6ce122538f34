"""One tree of units; persons, the seats they hold for a time, their contacts (encrypted) and their logins."""

import secrets

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


def new_id() -> int:
    """A random key below 2**53 (exact in JSON): a person's number tells neither order nor kinship of entries."""
    return secrets.randbelow(2**53 - 1) + 1


class Unit(models.Model):
    """A place or a body in the county's tree. Its official code is what the outside world uses."""

    class Kind(models.TextChoices):
        COUNTY = "county", _("县")
        STREET = "street", _("街道")
        TOWN = "town", _("镇")
        TOWNSHIP = "township", _("乡")
        COMMUNITY = "community", _("社区")
        VILLAGE = "village", _("村")
        GRID = "grid", _("网格")
        DEPARTMENT = "department", _("部门")
        MEMBER_UNIT = "member_unit", _("共建单位")
        TEAM = "team", _("志愿队伍")
        ENTERPRISE = "enterprise", _("企业")

    code = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=80)
    short_name = models.CharField(max_length=40)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    level = models.CharField(max_length=10)  # county, town, community, grid, body
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    lat = models.FloatField(null=True)  # WGS-84
    lon = models.FloatField(null=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)  # the first day on which it is no more
    source = models.CharField(max_length=200)


class DutyPhone(models.Model):
    """The telephone of a human, by day and at night; dated rows."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="duty_phones")
    day_phone = models.CharField(max_length=30)
    night_phone = models.CharField(max_length=30)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = models.CharField(max_length=200)


class Person(models.Model):
    """Somebody who acts. Staff have a handle; residents have none, and one who stays anonymous is a person of that order only.

    There is no numeric attribute on a person, and there will be none: no resident is ever scored.
    """

    class Kind(models.TextChoices):
        STAFF = "staff", _("工作人员")
        RESIDENT = "resident", _("居民")
        SYSTEM = "system", _("系统")

    id = models.BigIntegerField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    handle = models.CharField(max_length=40, null=True)  # unique
    name = models.CharField(
        max_length=40, default="", blank=True
    )  # of staff, who act in public; residents' lie in Contact

    class Meta:
        # Not `unique=True`: on PostgreSQL that brings a second index, for LIKE.
        constraints = [models.UniqueConstraint(fields=["handle"], name="org_person_handle")]


class Contact(models.Model):
    """How a person is reached: encrypted, found only by keyed hash.

    Retention: with the person's last order (see docs/operate.md); erased by `commands.erase_contact`.
    """

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="contact")
    name_enc = models.BinaryField(null=True)
    phone_enc = models.BinaryField(null=True)
    phone_hash = models.BinaryField(max_length=32, null=True, db_index=True)
    last4_hash = models.BinaryField(max_length=32, null=True)  # keyed with the person, so equal tails do not look equal
    email_enc = models.BinaryField(null=True)
    code_hash = models.BinaryField(max_length=32, null=True)  # the 6 digits on the receipt, where there is no telephone


class Seat(models.Model):
    """A person holds a role in a unit, from a day to a day; a deputy's seat names the seat it stands in for."""

    class Role(models.TextChoices):
        COMMUNITY = "community", _("社区接单员")
        RECORDER = "recorder", _("代录员")
        DISPATCHER = "dispatcher", _("派单员")
        HANDLER = "handler", _("承办人")
        CHECKER = "checker", _("核查回访员")
        SUPERVISOR = "supervisor", _("督办员")
        OPERATOR = "operator", _("系统管理员")

    person = models.ForeignKey(Person, models.PROTECT, related_name="seats")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="seats")
    role = models.CharField(max_length=12, choices=Role.choices)
    from_date = models.DateField()
    to_date = models.DateField(null=True)  # the first day without it
    deputy_for = models.ForeignKey("self", models.PROTECT, null=True, related_name="deputies")

    class Meta:
        indexes = [models.Index(fields=["unit", "role"], name="org_seat_unit_role")]
        constraints = [
            models.CheckConstraint(
                name="org_seat_ends_after_it_starts",
                condition=models.Q(to_date=None) | models.Q(to_date__gte=models.F("from_date")),
            )
        ]


class AccountManager(BaseUserManager["Account"]):
    """Makes logins for persons, and reads a login with its person: nobody looks at one without the other."""

    def get_queryset(self) -> models.QuerySet["Account"]:
        return super().get_queryset().select_related("person")

    def create_user(self, handle: str, password: str | None, person: Person) -> "Account":
        account = Account(handle=handle, person=person)
        account.set_password(password)
        account.save()
        return account


class Account(AbstractBaseUser):
    """A login. It points to a person; a person exists without one.

    Staff come with handle and password. A resident comes with a telephone that was proved by a code (decision 17).
    """

    handle = models.CharField(max_length=40, unique=True)  # a resident's is random and never shown
    person = models.OneToOneField(Person, models.PROTECT, related_name="account")
    is_active = models.BooleanField(default=True)
    phone_hash = models.BinaryField(max_length=32, null=True)  # unique; of the telephone a resident comes with
    made_at = models.DateTimeField(null=True)  # of a resident's: when the telephone was first proved
    proved_at = models.DateTimeField(null=True)  # and when it was last proved

    objects = AccountManager()

    USERNAME_FIELD = "handle"
    REQUIRED_FIELDS = ["person"]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["phone_hash"], name="org_account_phone")]


class Code(models.Model):
    """Six digits on their way to a telephone. They are not stored: the key ring makes them from the salt.

    The person is made for this code, so that the message finds a telephone; whoever signs in for the first time becomes it.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    phone_hash = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=16)
    tries = models.PositiveSmallIntegerField(default=0)
    sent = models.PositiveSmallIntegerField(default=1)  # how often these digits were sent
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)


class SignIn(models.Model):
    """A device on which an account is signed in; it ends with its session."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40)  # unique; deleting that session ends it at once
    device = models.CharField(max_length=60)  # in words: a browser and a system
    at = models.DateTimeField()
    seen_at = models.DateTimeField()  # to within ten minutes

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session_key"], name="org_signin_session")]


class Factor(models.Model):
    """What proves a member of staff beside the password: an authenticator app, a passkey, or a recovery code."""

    class Kind(models.TextChoices):
        TOTP = "totp", _("动态验证码")
        PASSKEY = "passkey", _("通行密钥")
        RECOVERY = "recovery", _("备用码")

    account = models.ForeignKey(Account, models.CASCADE, related_name="factors")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    label = models.CharField(max_length=40, default="", blank=True)
    secret_enc = models.BinaryField(null=True)  # the app's secret, or the passkey's public part
    hash = models.BinaryField(max_length=32, null=True)  # of a recovery code, or of a passkey's id; unique
    counter = models.BigIntegerField(
        default=0
    )  # the last step of time whose code was taken, or the passkey's own count
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)  # a recovery code's only use, else the last

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hash"], name="org_factor_hash")]


class Token(models.Model):
    """A bearer for programs: only its hash is kept; shown once, revoked at once."""

    hash = models.BinaryField(max_length=32, primary_key=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=80, default="")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    limit_per_minute = models.PositiveIntegerField(default=600)
