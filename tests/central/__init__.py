"""The embedded central, over real HTTP and real SQLite."""
