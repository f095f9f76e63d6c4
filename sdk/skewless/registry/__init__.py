"""Published definitions: their changes, their storage, and the locks that pin them."""
