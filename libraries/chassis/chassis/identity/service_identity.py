"""A service's own proof of itself and the keys of the services it trusts, out of its settings."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity.access_tokens import private_key_of, public_key_of
from chassis.identity.service_tokens import ServiceTokenIssuer, ServiceTokenVerifier
from chassis.settings import ServiceSettings


@dataclass(frozen=True)
class ServiceIdentity:
    """Signs what we ask of others, checks what others ask of us."""

    issuer: ServiceTokenIssuer
    verifier: ServiceTokenVerifier

    @classmethod
    def of(cls, service: str, settings: ServiceSettings, clock: Clock) -> "ServiceIdentity":
        """Raises KeyRefused where a key in the settings is not an Ed25519 PEM."""
        trusted = {name: public_key_of(pem) for name, pem in settings.trusted_services.items()}
        issuer = ServiceTokenIssuer(service, private_key_of(settings.service_key), clock)
        return cls(issuer, ServiceTokenVerifier(service, trusted))
