"""One machine's marketplace before anything runs: its folder, ports, secrets, engines and their addresses."""

from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from fleet.backing import Backing
from fleet.data_folder import DataFolder
from fleet.embedded_postgres import embedded_postgres
from fleet.embedded_valkey import embedded_valkey
from fleet.machine_secrets import MachineSecrets, keep_secrets
from fleet.part import Part
from fleet.ports import Ports
from fleet.roles import DATABASE
from fleet.settings import FleetSettings


@dataclass(frozen=True)
class Machine:
    """Everything that a part's command or environment may be made of. `engines` are those that run embedded."""

    folder: DataFolder
    ports: Ports
    secrets: MachineSecrets
    postgres_url: str
    valkey_url: str
    engines: tuple[Part, ...]
    development: bool = True
    gateway_workers: int = 1
    backing: Backing = field(default_factory=Backing)

    def database_url(self, role: str, database: str = DATABASE) -> str:
        """The URL of a role of ours."""
        target = urlsplit(self.postgres_url)
        password = quote(self.secrets[f"role.{role}"], safe="")
        host = target.netloc.rpartition("@")[2]
        return f"postgresql://{role}:{password}@{host}/{database}?{target.query}"

    def superuser_url(self, database: str) -> str:
        """The superuser's URL of a database; for provisioning alone."""
        target = urlsplit(self.postgres_url)
        return f"postgresql://{target.netloc}/{database}?{target.query}"


def machine_of(settings: FleetSettings) -> Machine:
    """The machine that the settings describe; makes its folders and secrets where they are missing."""
    folder = DataFolder(settings.data_folder)
    secrets = keep_secrets(folder.secrets)
    backing = settings.backing
    postgres = None if backing.postgres else embedded_postgres(folder.of("postgres"), secrets["postgres"])
    valkey = None if backing.valkey else embedded_valkey(folder.of("valkey"), secrets["valkey"])
    return Machine(
        folder=folder,
        ports=settings.ports,
        secrets=secrets,
        postgres_url=postgres.url() if postgres else backing.postgres,
        valkey_url=valkey.url() if valkey else backing.valkey,
        engines=tuple(engine.part for engine in (postgres, valkey) if engine),
        development=settings.development,
        gateway_workers=settings.gateway_workers,
        backing=backing,
    )
