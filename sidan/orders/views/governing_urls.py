"""Addresses of the operator's pages."""

from django.urls import URLPattern, path

from sidan.orders.views import (
    governing_days,
    governing_files,
    governing_messages,
    governing_people,
    governing_rules,
    governing_seats,
    governing_units,
)

_UNIT = "govern/units/<str:code>/"

urlpatterns: list[URLPattern] = [
    path("govern/", governing_rules.home, name="govern"),
    path("govern/units/", governing_units.root, name="govern-units"),
    path("govern/units/import/", governing_files.bring, {"name": "units"}, name="govern-units-import"),
    path("govern/units/export/", governing_files.export, {"name": "units"}, name="govern-units-export"),
    path(_UNIT, governing_units.unit, name="govern-unit"),
    path(f"{_UNIT}new/", governing_units.add, name="govern-unit-new"),
    path(f"{_UNIT}change/", governing_units.change, name="govern-unit-change"),
    path(f"{_UNIT}ending/", governing_units.end, name="govern-unit-ending"),
    path(f"{_UNIT}seats/new/", governing_seats.give, name="govern-seat-new"),
    path(f"{_UNIT}people/new/", governing_seats.hire, name="govern-person-new"),
    path("govern/seats/<int:pk>/ending/", governing_seats.end, name="govern-seat-ending"),
    path("govern/seats/<int:pk>/deputy/", governing_seats.deputise, name="govern-seat-deputy"),
    path("govern/people/", governing_seats.people, name="govern-people"),
    path("govern/people/import/", governing_people.bring, name="govern-people-import"),
    path("govern/people/export/", governing_people.export, name="govern-people-export"),
    path("govern/people/imports/<int:pk>/", governing_people.imported, name="govern-people-imported"),
    path("govern/people/imports/<int:pk>/links/", governing_people.links, name="govern-people-links"),
    path("govern/people/imports/<int:pk>/taking-back/", governing_people.take_back, name="govern-people-taking-back"),
    path("govern/people/<str:handle>/", governing_seats.person, name="govern-person"),
    path("govern/people/<str:handle>/password/", governing_seats.link, name="govern-person-password"),
    path("govern/people/<str:handle>/second/", governing_seats.reset_second, name="govern-person-second"),
    path("govern/calendar/<int:year>/", governing_days.year, name="govern-calendar"),
    path("govern/calendar/<int:year>/sync/", governing_days.sync, name="govern-calendar-sync"),
    path("govern/calendar/<int:year>/<int:month>/<int:day>/", governing_days.day, name="govern-calendar-day"),
    path("govern/messages/", governing_messages.messages, name="govern-messages"),
    path("govern/messages/<int:pk>/again/", governing_messages.again, name="govern-message-again"),
    path("govern/<slug:name>/", governing_rules.rules, name="govern-rules"),
    path("govern/<slug:name>/new/", governing_rules.add, name="govern-rule-new"),
    path("govern/<slug:name>/import/", governing_files.bring, name="govern-rules-import"),
    path("govern/<slug:name>/export/", governing_files.export, name="govern-rules-export"),
    path("govern/<slug:name>/<int:pk>/", governing_rules.history, name="govern-rule"),
    path("govern/<slug:name>/<int:pk>/change/", governing_rules.change, name="govern-rule-change"),
    path("govern/<slug:name>/<int:pk>/ending/", governing_rules.end, name="govern-rule-ending"),
    path("govern/<slug:name>/<int:pk>/taking-back/", governing_rules.back, name="govern-rule-taking-back"),
]
