"""What the panel is put together from: tabs, and what folds away."""
