"""From the facts of a booking to paper: layout, bytes, transports.

The way of a ticket: `ticket.ticket_for(booking, issued_at=…, copy=…)` -> `service.render(ticket, form)` -> bytes to
store -> `transports.transport_for(url, state_dir).open(name)`. `service.facsimile(image, columns)` is the
same picture for a screen; `paper.papers(payload)` reads bytes back into pictures. Errors are in `errors`. Drawing and
sending block: both belong in a worker thread. Nothing is imported here, so that naming the room costs nothing.
"""
