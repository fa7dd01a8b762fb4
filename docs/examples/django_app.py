"""Django: an async view and a sync view, each with the client of its kind, in one file."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from scenario_async import APIError, AsyncScenario, Scenario

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "only for trying it out"),
)

# Both may be made here: neither needs a running loop, and each process opens its own connections.
CLIENT = Scenario()
ASYNC_CLIENT = AsyncScenario()


def search(request: HttpRequest) -> JsonResponse:
    try:
        page = CLIENT.search.asset_search(query=request.GET.get("about", ""), limit=5)
    except APIError:
        return JsonResponse({"error": "the search failed"}, status=502)
    return JsonResponse({"assets": [hit.id for hit in page.hits]})


async def search_async(request: HttpRequest) -> JsonResponse:
    try:
        page = await ASYNC_CLIENT.search.asset_search(query=request.GET.get("about", ""), limit=5)
    except APIError:
        return JsonResponse({"error": "the search failed"}, status=502)
    return JsonResponse({"assets": [hit.id for hit in page.hits]})


urlpatterns = [path("search", search), path("search-async", search_async)]
asgi = get_asgi_application()
wsgi = get_wsgi_application()
