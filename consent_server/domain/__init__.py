"""What is true: frozen dataclasses and pure functions. No IO, no clock, no randomness, no framework."""
