"""From the facts of a booking to paper: layout, bytes, transports."""
