"""Every knob of admin, out of variables that begin with ADMIN_."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Places, ServiceSettings


class AdminSettings(ServiceSettings):
    """Read once by `AdminSettings.read()`."""

    model_config = SettingsConfigDict(env_prefix="ADMIN_", frozen=True, env_nested_delimiter="__", extra="ignore")

    database_url: SecretStr = Field(description="PostgreSQL as the role admin_runtime, which sees one team at a time.")
    worker_database_url: SecretStr = Field(description="PostgreSQL as the role admin_worker, which sees all teams.")
    token_signing_key: SecretStr = Field(description="PEM of the Ed25519 private key that signs access tokens.")
    cursor_key: SecretStr = Field(min_length=16, description="Secret that signs the cursors of pages.")
    session_hours: int = Field(24, ge=1, le=24 * 30, description="How long a session may be refreshed, in hours.")
    bootstrap_email: str = Field("admin@marketplace.local", description="Address of the first super_admin.")
    bootstrap_password: SecretStr | None = Field(
        None, description="Password of the first super_admin; without one, a random one is printed once."
    )
    trusted_proxies: Places = Field(
        "127.0.0.1,::1",
        description="Addresses of gateways whose X-Forwarded-For is believed, with commas: where they run on other"
        " machines and are not named here, all callers are one place for the limits of guessing.",
    )
