"""What is printed on a ticket and checked at a counter: code, token, keys, identity, a site's day. Pure."""
