"""Headless Chromium, where one is installed: nothing of the server needs it to serve."""
