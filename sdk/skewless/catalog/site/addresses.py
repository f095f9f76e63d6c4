"""Where each thing of a catalog has its page: paths from the site's root. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skewless.catalog.document import Catalog

# Windows has no files of some names, whatever they end in.
_PLAIN_FILE = re.compile(r"(?!(con|prn|aux|nul|com\d|lpt\d)$)[a-z0-9_][a-z0-9_.@]{0,119}")
_PLAIN_ANCHOR = re.compile(r"[A-Za-z0-9_]{1,120}")


class Addresses:
    """Finds pages by the names that the catalog's document has."""

    def __init__(self, document: Catalog) -> None:
        entities = ((entity.name, "entities") for entity in document.entities)
        sources = ((source.name, "sources") for source in document.sources)
        views = ((view.id, "views") for view in document.views)
        services = ((service.id, "services") for service in document.services)
        models = ((model.name, "models") for model in document.models)
        self._pages = {
            (folder, name): f"{folder}/{file_name(name)}.html"
            for things in (entities, sources, views, services, models)
            for name, folder in things
        }
        self._parts = {
            f"{source.name}:{column.name}": self._part("sources", source.name, column.name)
            for source in document.sources
            for column in source.columns
        } | {
            feature.id: self._part("views", view.id, feature.name)
            for view in document.views
            for feature in view.features
        }

    def entity(self, name: str) -> str | None:
        """Return an entity's page, or None if the catalog has none."""
        return self._pages.get(("entities", name))

    def source(self, name: str) -> str | None:
        """Return a source's page, or None if the catalog has none."""
        return self._pages.get(("sources", name))

    def view(self, name: str) -> str | None:
        """Return the page of a view as `spending@1`, or None if the catalog has none."""
        return self._pages.get(("views", name))

    def service(self, name: str) -> str | None:
        """Return the page of a service as `fraud_model@1`, or None if the catalog has none."""
        return self._pages.get(("services", name))

    def model(self, name: str) -> str | None:
        """Return a model's page, or None if the catalog has none."""
        return self._pages.get(("models", name))

    def part(self, name: str) -> str | None:
        """Return where a feature or a column is told of; of another name, a service's page."""
        return self._parts.get(name) or self.service(name)

    def like(self, folder: str, name: str) -> str | None:
        """Return a page of a folder: a view and a service may have one name."""
        return self._pages.get((folder, name))

    def node(self, kind: str, owner: str, name: str) -> str | None:
        """Return the page of a node of the lineage."""
        match kind:
            case "model":
                return self.model(owner)
            case "service":
                return self.service(owner)
            case _:
                return self._parts.get(f"{owner}:{name}")

    def comparison(self, folder: str, name: str) -> str:
        """Return the page that shows all major versions of a view or service side by side."""
        return f"{folder}/{file_name(name)}.html"

    def _part(self, folder: str, owner: str, name: str) -> str:
        return f"{self._pages[folder, owner]}#{anchor(name)}"


def file_name(name: str) -> str:
    """Return a name for a file: the name itself where any system takes it, else one made of it.

    What upper and lower case tell apart would be one file on some systems.
    """
    return name if _PLAIN_FILE.fullmatch(name) else _made_of(name)


def anchor(name: str) -> str:
    """Return an anchor within a page. Those of the pages' own have a `-` in them and no digits."""
    return name if _PLAIN_ANCHOR.fullmatch(name) else _made_of(name)


def _made_of(name: str) -> str:
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"{readable or 'x'}-{digest}"
