"""The commands of the kiosk besides running it: what an installer types."""
