"""One module per kind of paper: from facts to a page."""
