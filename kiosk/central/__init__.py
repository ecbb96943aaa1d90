"""The reference central API, embedded for demonstrations and single sites; its own process and storage."""
