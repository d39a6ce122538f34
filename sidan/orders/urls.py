"""The room's addresses."""

from sidan.orders.views import desk_urls, governing_urls, resident_urls

app_name = "orders"

urlpatterns = [*resident_urls.urlpatterns, *desk_urls.urlpatterns, *governing_urls.urlpatterns]
