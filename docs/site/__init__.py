"""How the pages of `docs/` become a site: `make docs`."""
