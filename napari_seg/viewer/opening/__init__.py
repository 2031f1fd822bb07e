"""Files and folders become layers: read, asked about, and shown where they belong."""
