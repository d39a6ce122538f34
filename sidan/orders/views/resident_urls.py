"""Addresses of the resident's pages. None of them carries a number or a secret, but for the link in a message."""

from django.urls import URLPattern, path

from sidan.orders.views import (
    my_pages,
    resident_home,
    resident_order,
    resident_photos,
    resident_rating,
    resident_receipt,
    resident_report,
    resident_track,
    resident_where,
)

urlpatterns: list[URLPattern] = [
    path("", resident_home.home, name="home"),
    path("report/", resident_report.what, name="report"),
    path("p/<str:code>/", resident_report.scanned, name="scan"),
    path("report/places/", resident_where.estates, name="report-places"),
    path("report/where/", resident_where.where, name="report-where"),
    path("report/emergency/", resident_where.emergency, name="report-emergency"),
    path("report/more/", resident_report.more, name="report-more"),
    path("report/check/", resident_report.check, name="report-check"),
    path("report/clear/", resident_report.clear, name="report-clear"),
    path("report/photos/", resident_photos.add, name="report-photos"),
    path("report/photos/<uuid:photo>/removal/", resident_photos.remove, name="report-photo-removal"),
    path("report/photo/<uuid:photo>/", resident_photos.of_draft, name="report-photo"),
    path("receipt/", resident_receipt.receipt, name="receipt"),
    path("receipt/picture.png", resident_receipt.picture, name="receipt-picture"),
    path("t/<str:signed>/", resident_track.link, name="link"),
    path("my/", my_pages.orders, name="my"),
    path("my/order/", my_pages.open_order, name="my-order"),
    path("my/data/", my_pages.data, name="my-data"),
    path("my/data/name/", my_pages.name, name="my-name"),
    path("my/data/phone/", my_pages.phone, name="my-phone"),
    path("my/data/export/", my_pages.export, name="my-export"),
    path("my/data/export/<str:form>/", my_pages.export, name="my-export-as"),
    path("my/data/deletion/", my_pages.deletion, name="my-deletion"),
    path("track/", resident_track.track, name="track"),
    path("track/leave/", resident_track.leave, name="track-leave"),
    path("track/photo/<uuid:photo>/", resident_photos.of_order, name="track-photo"),
    path("track/photo/<uuid:photo>/small/", resident_photos.of_order, {"small": True}, name="track-photo-small"),
    path("track/order/", resident_order.order, name="track-order"),
    path("track/order/rating/", resident_rating.rating, name="track-rating"),
    path("track/order/photo/", resident_order.photo, name="track-add-photo"),
    path("track/order/<slug:noun>/", resident_order.move, name="track-move"),
]
