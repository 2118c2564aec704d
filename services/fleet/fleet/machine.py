"""One machine's marketplace before anything runs: its folder, ports, secrets, engines and their addresses."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

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
    """Everything that a part's command or environment may be made of."""

    folder: DataFolder
    ports: Ports
    secrets: MachineSecrets
    postgres_url: str
    valkey_url: str
    engines: tuple[Part, Part]
    development: bool = True

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
    postgres = embedded_postgres(folder.of("postgres"), secrets["postgres"])
    valkey = embedded_valkey(folder.of("valkey"), secrets["valkey"])
    return Machine(
        folder=folder,
        ports=settings.ports,
        secrets=secrets,
        postgres_url=postgres.url(),
        valkey_url=valkey.url(),
        engines=(postgres.part, valkey.part),
        development=settings.development,
    )
