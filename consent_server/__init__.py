"""Consent Server: ask fairly, block until yes, prove every answer.

The floors, top to bottom (imports only go down; ``make lint`` checks it):

    app                          composition root
    web | cli | verify | guard   how the outside talks to us
    services                     what the product does; the only floor that commits
    storage | browser            where things are kept | headless Chromium
    domain | config              what is true; no IO, no clock, no framework

This module imports nothing, so that ``python -m consent_server.verify`` runs where only
Python and ``cryptography`` are installed.
"""
