"""What the counter can do; the only door for screens."""
