"""The central API as its clients see it: wire models, problems, client."""
