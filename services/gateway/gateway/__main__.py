"""`python -m gateway api | settings`."""

import sys

from chassis.entry import run_service
from gateway.compose import api
from gateway.settings import GatewaySettings

if __name__ == "__main__":
    sys.exit(run_service(sys.argv, GatewaySettings, {"api": api}))
