from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField(unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("workday", "工作日"),
                            ("weekend", "周末"),
                            ("holiday", "节假日"),
                            ("makeup", "调休上班"),
                        ],
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=60)),
                ("source", models.CharField(max_length=200)),
                ("confirmed", models.BooleanField()),
                ("changed_by", models.CharField(blank=True, max_length=40)),
                ("changed_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["date"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["workday", "weekend", "holiday", "makeup"])),
                        name="worktime_day_kind_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkHours",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("valid_from", models.DateField(unique=True)),
                ("valid_to", models.DateField(blank=True, null=True)),
                ("opens", models.TimeField()),
                ("closes", models.TimeField()),
                ("break_from", models.TimeField(blank=True, null=True)),
                ("break_to", models.TimeField(blank=True, null=True)),
                ("source", models.CharField(max_length=200)),
                ("changed_by", models.CharField(blank=True, max_length=40)),
                ("changed_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["valid_from"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("opens__lt", models.F("closes"))), name="worktime_hours_open_then_close"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to", None), ("valid_to__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="worktime_hours_from_then_to",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("break_from", None), ("break_to", None)),
                            models.Q(
                                ("break_from__gt", models.F("opens")),
                                ("break_from__isnull", False),
                                ("break_from__lt", models.F("break_to")),
                                ("break_to__isnull", False),
                                ("break_to__lt", models.F("closes")),
                            ),
                            _connector="OR",
                        ),
                        name="worktime_hours_break_within",
                    ),
                ],
            },
        ),
    ]
