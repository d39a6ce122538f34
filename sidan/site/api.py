"""The JSON API: every room's addresses under /api/v1, refusals as RFC 9457 problems, and the page that describes it all."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from ninja import NinjaAPI, Swagger
from ninja.errors import HttpError, ValidationError

from sidan import __version__
from sidan.kernel.base.errors import BadRequest
from sidan.orders import api as orders
from sidan.orders import api_schemas as schemas
from sidan.web import refusals

logger = logging.getLogger("sidan.web")

ABOUT = """Place orders, follow them, and take every step of the loop: the `moves` of an order say which are possible now.

Writes carry an `Idempotency-Key`; refusals are `application/problem+json` with a stable `code`; `?lang=en` or
`Accept-Language` chooses the language. See docs/api.md."""


class Described(NinjaAPI):
    """The library's description, completed by what it cannot know: steps of the law, problems, the bearer."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:
        made = super().get_openapi_schema(*args, **kwargs)
        prefix = next(iter(made["paths"])).split("/orders")[0]
        made["paths"].update(schemas.move_paths(prefix))
        for path in made["paths"].values():
            for operation in path.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400:
                        answer.clear()
                        answer.update(schemas.problem_answer())
        made["components"]["securitySchemes"] = {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "a person's bearer (`sidan token create`), or a reader's token for one order",
            }
        }
        return made


api = Described(
    title="Sidan 四单",
    version=__version__,
    description=ABOUT,
    docs=Swagger(settings={"persistAuthorization": False}),
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
)


def spoken(view: Callable[..., Any]) -> Callable[..., Any]:
    """`?lang=` goes before Accept-Language; the next request chooses anew."""

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        wanted = request.GET.get("lang", "") if request.META.get("QUERY_STRING") else ""
        if wanted:
            try:
                translation.activate(translation.get_supported_language_variant(wanted))
            except (LookupError, ValueError):
                logger.info("a language was asked for that the house does not speak")
        return view(request, *args, **kwargs)

    return run


@api.exception_handler(Exception)
def refused(request: HttpRequest, error: Exception) -> HttpResponse:
    """A refusal becomes its problem here; a bug goes on to Django, which logs it and answers 500."""
    refusal = refusals.refusal_of(error)
    if refusal is None:
        raise error
    if refusal.status >= 500:
        logger.error("refused with %s", refusal.code, exc_info=error)
    return refusals.problem_response(request, refusal)


@api.exception_handler(ValidationError)
def not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What the library itself finds wrong; the middleware puts it into the house's words."""
    return api.create_response(request, {"detail": error.errors}, status=422)


@api.exception_handler(HttpError)
def not_readable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The same for what it cannot read."""
    return refusals.problem_response(request, BadRequest())


api.add_decorator(spoken, mode="view")
api.add_router("", orders.router)
