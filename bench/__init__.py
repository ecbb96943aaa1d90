"""Measures how fast the program feels, against floors measured in the same campaign."""
