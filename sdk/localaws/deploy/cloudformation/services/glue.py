"""Glue: databases, and tables that are no Iceberg tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation.failure import ResourceError
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from localaws.deploy.cloudformation.resource import Resource


class Database(ResourceType):
    """A database of this account's catalog."""

    name = "AWS::Glue::Database"
    properties = frozenset({"CatalogId", "DatabaseInput", "DatabaseName"})

    def create(self, resource: Resource) -> str:
        """Make the database."""
        database = _database(resource)
        resource.client("glue").create_database(DatabaseInput=database)
        name: str = database["Name"]
        return name

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 it is set whole
        """Set all that the database's input says."""
        glue = resource.client("glue")
        database = {**_database(resource), "Name": resource.physical_id}
        glue.update_database(Name=resource.physical_id, DatabaseInput=database)

    def delete(self, resource: Resource) -> None:
        """Delete the database with its tables."""
        resource.client("glue").delete_database(Name=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The database of that name."""
        found = resource.client("glue").get_database(Name=_database(resource)["Name"])
        name: str = found["Database"]["Name"]
        return name


class Table(ResourceType):
    """A table of which the template states all; Iceberg's are made by what writes to them."""

    name = "AWS::Glue::Table"
    properties = frozenset({"CatalogId", "DatabaseName", "Name", "TableInput"})

    def create(self, resource: Resource) -> str:
        """Make the table."""
        table = _table(resource)
        database = resource.properties["DatabaseName"]
        resource.client("glue").create_table(DatabaseName=database, TableInput=table)
        name: str = table["Name"]
        return name

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 it is set whole
        """Set all that the table's input says."""
        resource.client("glue").update_table(
            DatabaseName=resource.properties["DatabaseName"], TableInput=_table(resource)
        )

    def delete(self, resource: Resource) -> None:
        """Delete the table's entry; its objects stay."""
        resource.client("glue").delete_table(
            DatabaseName=resource.properties["DatabaseName"], Name=resource.physical_id
        )

    def find(self, resource: Resource) -> str | None:
        """The table of that name."""
        found = resource.client("glue").get_table(
            DatabaseName=resource.properties["DatabaseName"], Name=_table(resource)["Name"]
        )
        name: str = found["Table"]["Name"]
        return name


def _database(resource: Resource) -> dict[str, Any]:
    stated = dict(resource.properties.get("DatabaseInput") or {})
    chosen = resource.properties.get("DatabaseName") or stated.get("Name")
    # Glue's names are lower case, and so are those CloudFormation makes up.
    return {**stated, "Name": chosen or resource.named("DatabaseName").lower()}


def _table(resource: Resource) -> dict[str, Any]:
    stated = dict(resource.properties.get("TableInput") or {})
    chosen = resource.properties.get("Name") or stated.get("Name")
    if not chosen:
        raise ResourceError("TableInput.Name is required")
    return {**stated, "Name": chosen}
