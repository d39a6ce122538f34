"""Addresses of the staff's pages."""

from django.urls import URLPattern, path

from sidan.orders.views import (
    desk_bulk,
    desk_deputies,
    desk_figures,
    desk_lists,
    desk_order,
    desk_papers,
    desk_phrases,
    desk_places,
    desk_presence,
    desk_record,
    desk_reveals,
    desk_search,
    desk_steps,
    desk_today,
)

_ORDER = "desk/orders/<str:number>/"

urlpatterns: list[URLPattern] = [
    path("desk/search/", desk_search.search, name="desk-search"),
    path("desk/", desk_today.home, name="desk-home"),
    path("desk/overdue/", desk_lists.wall, name="desk-overdue"),
    path("desk/community/", desk_lists.desk, {"name": "community"}, name="desk-community"),
    path("desk/dispatch/", desk_lists.desk, {"name": "dispatch"}, name="desk-dispatch"),
    path("desk/dispatch/bulk/", desk_bulk.preview, name="desk-bulk"),
    path("desk/bundles/<uuid:bundle_id>/", desk_bulk.bundle, name="desk-bundle"),
    path("desk/bundles/<uuid:bundle_id>/undo/", desk_bulk.undo, name="desk-bundle-undo"),
    path("desk/inbox/", desk_lists.desk, {"name": "inbox"}, name="desk-inbox"),
    path("desk/checks/", desk_lists.desk, {"name": "checks"}, name="desk-checks"),
    path("desk/disputes/", desk_lists.desk, {"name": "disputes"}, name="desk-disputes"),
    path("desk/orders/", desk_lists.every_order, name="desk-orders"),
    path("desk/record/", desk_record.record, name="desk-record"),
    path("desk/record/receipt/", desk_record.receipt, name="desk-receipt"),
    path("desk/places/", desk_places.places, name="desk-places"),
    path("desk/places/posters/", desk_places.posters, name="desk-posters"),
    path("desk/places/<str:code>/ending/", desk_places.end, name="desk-place-end"),
    path("desk/reveals/", desk_reveals.reveals, name="desk-reveals"),
    path("desk/reveals/<int:reveal_id>/<str:noun>/", desk_reveals.decide, name="desk-reveal"),
    path("desk/figures/", desk_figures.figures_page, name="desk-figures"),
    path("desk/deputies/", desk_deputies.deputies, name="desk-deputies"),
    path("desk/deputies/<int:seat_id>/end/", desk_deputies.end, name="desk-deputy-end"),
    path("desk/phrases/", desk_phrases.phrases, name="desk-phrases"),
    path("desk/phrases/<int:phrase_id>/removal/", desk_phrases.remove, name="desk-phrase-removal"),
    path(_ORDER, desk_order.order_page, name="desk-order"),
    path(f"{_ORDER}print/", desk_papers.ticket, name="desk-ticket"),
    path(f"{_ORDER}presence/", desk_presence.presence_of, name="desk-presence"),
    path(f"{_ORDER}contact-reading/", desk_steps.read_contact, name="desk-contact-reading"),
    path(f"{_ORDER}reveal/", desk_reveals.ask, name="desk-reveal-ask"),
    path(f"{_ORDER}photos/<uuid:photo_id>/", desk_papers.photo, name="desk-photo"),
    path(f"{_ORDER}photos/<uuid:photo_id>/small/", desk_papers.photo, {"small": True}, name="desk-photo-small"),
    path(f"{_ORDER}<str:noun>/", desk_steps.step, name="desk-step"),
]
