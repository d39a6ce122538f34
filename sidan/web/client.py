"""Where a request comes from, as far as it can be believed."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one, strict=False) for one in proxies)


def address(request: HttpRequest) -> str:
    """The client's address for throttles: an IPv4 address, or the /64 of an IPv6 address; empty where there is none.

    X-Forwarded-For is read from its end and believed only as far as known proxies wrote it.
    """
    known = _networks(tuple(getattr(settings, "SIDAN_PROXIES", ())))
    hops = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()][-20:]
    at = str(request.META.get("REMOTE_ADDR", ""))
    while True:
        try:
            ip = ip_address(at)
        except ValueError:
            return ""
        if not hops or not any(ip in net for net in known if net.version == ip.version):
            break
        before = hops.pop()
        try:
            ip_address(before)
        except ValueError:
            break
        at = before
    mapped = getattr(ip, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    return str(ip) if ip.version == 4 else str(ip_network(f"{ip}/64", strict=False))
