"""Scans of sites made for it: each with one fault, or with none."""
