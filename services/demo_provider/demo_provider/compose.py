"""Builds the demo provider out of its settings, and closes what it opened."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Match, Route
from starlette.types import Scope

from chassis.clock import Clock
from chassis.errors import MarketplaceError
from chassis.health import Readiness
from chassis.ids import new_id
from chassis.metrics import RequestMetrics
from chassis.web.request_scope import RequestScope
from demo_provider.answers.http_api import AnswersDoor
from demo_provider.catalogue.http_api import CatalogueDoor
from demo_provider.documentation import documentation_routes
from demo_provider.embeddings.http_api import EmbeddingsDoor
from demo_provider.faults.rules import Behaviour
from demo_provider.ledger.jsonl_store import JsonlLedger
from demo_provider.ledger.ports import Ledger
from demo_provider.ledger.silent_ledger import SilentLedger
from demo_provider.openai_errors import on_fault, on_http_exception, on_marketplace_error
from demo_provider.operations import SERVICE, operation_routes
from demo_provider.serving import Serving
from demo_provider.settings import DemoProviderSettings
from demo_provider.signals import DemoSignals
from demo_provider.vendor_key import VendorKey


class NamedRoute(Route):
    """A route that leaves itself in the scope, so that requests are counted by its path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Route does."""
        match, child = super().matches(scope)
        return match, {**child, "route": self}


def application(settings: DemoProviderSettings, clock: Clock) -> Starlette:
    """The ASGI application; its lifespan closes the ledger."""
    registry = CollectorRegistry()
    ledger = JsonlLedger(settings.ledger_file) if settings.ledger_file else SilentLedger()
    serving = Serving(usual_behaviour(settings), settings.steerable, clock, ledger, DemoSignals(registry))
    metrics = RequestMetrics(registry, SERVICE)
    return Starlette(
        routes=[
            *_vendor_routes(VendorKey(settings.api_key.get_secret_value()), serving),
            *operation_routes(Readiness(), registry),
            *documentation_routes(),
        ],
        exception_handlers={
            MarketplaceError: on_marketplace_error,
            HTTPException: on_http_exception,
            Exception: on_fault,
        },
        middleware=[Middleware(RequestScope, metrics=metrics, new_request_id=lambda: new_id("req", clock.now()))],
        lifespan=partial(_lifespan, ledger),
    )


def usual_behaviour(settings: DemoProviderSettings) -> Behaviour:
    """How every call behaves unless its headers may say otherwise."""
    return Behaviour(settings.latency_ms, settings.pace_ms, settings.reply_tokens, settings.fault)


def _vendor_routes(key: VendorKey, serving: Serving) -> list[Route]:
    answers, vectors, models = AnswersDoor(key, serving), EmbeddingsDoor(key, serving), CatalogueDoor(key)
    return [
        NamedRoute("/v1/chat/completions", answers.chat, methods=["POST"]),
        NamedRoute("/v1/completions", answers.text, methods=["POST"]),
        NamedRoute("/v1/embeddings", vectors.embeddings, methods=["POST"]),
        NamedRoute("/v1/models", models.list),
        NamedRoute("/v1/models/{model}", models.one),
    ]


@asynccontextmanager
async def _lifespan(ledger: Ledger, _app: Any) -> AsyncGenerator[None]:
    yield
    await ledger.close()
