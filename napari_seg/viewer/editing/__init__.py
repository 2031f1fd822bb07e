"""Labels edited in place: locks, the history of named steps, and volumes that follow."""
