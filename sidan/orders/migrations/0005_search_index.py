"""The index of the search, in the form that each database has for it."""

from django.db import migrations, models


def make(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute("CREATE TABLE orders_search (rowid bigint PRIMARY KEY, tokens tsvector NOT NULL)")
        editor.execute("CREATE INDEX orders_search_tokens ON orders_search USING gin (tokens)")
    else:
        # No places of tokens and no lengths of rows: neither phrases nor ranks are asked for.
        editor.execute(
            "CREATE VIRTUAL TABLE orders_search USING fts5"
            "(tokens, detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 0')"
        )


def unmake(apps, editor):
    editor.execute("DROP TABLE orders_search")


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_places")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Indexed",
                    fields=[
                        ("key", models.BigIntegerField(db_column="rowid", primary_key=True, serialize=False)),
                        ("tokens", models.TextField()),
                    ],
                    options={"db_table": "orders_search"},
                )
            ],
            database_operations=[migrations.RunPython(make, unmake)],
        )
    ]
