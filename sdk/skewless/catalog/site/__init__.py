"""The catalog's site: a catalog's document as plain files that a browser reads without a server."""

from skewless.catalog.site.writing import check_folder, write_site

__all__ = ["check_folder", "write_site"]
