"""For WSGI servers and ``flask --app wsgi``."""

from consent_server.app import create_app

app = create_app()
