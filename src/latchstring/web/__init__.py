"""Surfaces: what the outside world speaks to; each has its own shapes and error dialect."""
