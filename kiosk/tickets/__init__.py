"""What is printed on a ticket and checked at a counter. Pure."""
