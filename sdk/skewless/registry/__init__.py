"""Published definitions: what changes, where they are kept, and how a model pins them."""
