"""Labels on disk: one file with a table beside it, one mask a structure, surfaces, tables."""
