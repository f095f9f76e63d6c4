"""History as SQL: trees of statements, built of plans for two dialects. Pure."""
