"""Makes the roles and the first administrator of an Airflow deployment; a second time it only sets the password again.

The password is read from a file: the command line of Airflow would take it as an argument, where every process can read it.
"""

import pathlib
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

NAME = "admin"


@providers_configuration_loaded
def main() -> None:
    password = pathlib.Path("/etc/airlock/administrator/value").read_text()
    with get_application_builder() as builder:
        security = builder.sm
        security.sync_roles()
        found = security.find_user(username=NAME)
        if found is None:
            security.add_user(NAME, "Airlock", "Administrator", sys.argv[1], security.find_role("Admin"), password)
        else:
            security.reset_password(found.id, password)
    print(f"{NAME}: {'made' if found is None else 'there already'}")


main()
