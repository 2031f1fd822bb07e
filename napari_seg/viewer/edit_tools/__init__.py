"""The tools of the Edit tab: each is described once, and shown, previewed and applied alike."""
