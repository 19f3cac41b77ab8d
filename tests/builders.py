"""Builds what tests need, each in one call; everything has a sensible value until a test says otherwise."""

from __future__ import annotations

import dataclasses
import uuid
from pathlib import Path
from typing import Any

from consent_server.config import Settings, read_settings

SECRET_KEY = "s" * 64
ACCEPTED = {"accept_all": True, "refuse_all": False, "withdraw": False, "expire": False}


def settings(folder: Path, **changes: Any) -> Settings:
    """Give settings that owe nothing to the machine's environment but what ``changes`` say."""
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 8000,
        "public_url": "http://127.0.0.1:8000",
        "instance": folder,
        "database_url": f"sqlite:///{folder / 'consent.sqlite'}",
        "database_url_file": "",
        "redis_url": "",
        "secret_key": SECRET_KEY,
        "secret_key_file": "",
        "log_key": "00" * 31 + "01",
        "log_key_file": "",
        "promise_key": "",
        "promise_key_file": "",
        "high_water_mark": folder / "high-water-mark.json",
        "tsa_url": "",
        "tsa_ca_file": "",
        "witnesses": "",
        "anchor_mail_to": "",
        "smtp_url": "smtp://localhost",
        "mail_from": "",
        "public_tiles": True,
        "rate_limit": "",
        "api_rate_limit": "",
        "trusted_proxies": 0,
        "metrics": True,
        "metrics_token": "",
        "metrics_per_site": False,
        "worker_metrics": "",
        "log_format": "text",
        "log_requests": True,
        "screenshots": False,
    }
    return dataclasses.replace(read_settings(), **{**values, **changes})


def consent(purposes: tuple[str, ...] = ("preferences", "audience", "marketing", "social"), **changes: Any) -> dict:
    """Give the body of a POST of a consent (CONTRACT 1): everything refused, under configuration 1."""
    action = changes.get("action", "refuse_all")
    body = {
        "record_id": str(uuid.uuid4()),
        "consent_id": str(uuid.uuid4()),
        "action": action,
        "decisions": dict.fromkeys(purposes, ACCEPTED.get(action, False)),
        "config_version": 1,
        "language": "fr",
        "layer": 1,
        "page_url": "https://www.example.fr/page",
        "client_time": "2026-11-22T10:15:00.123Z",
        "signals": {"gpc": False},
    }
    return {**body, **changes}


def site_file(**changes: Any) -> dict[str, Any]:
    """Give a site file (CONTRACT 4) with nothing in its catalogue but what ``changes`` say."""
    return {
        "site_key": "example",
        "name": "Example",
        "origins": ["https://www.example.fr"],
        "default_language": "fr",
        "languages": ["fr", "en"],
        "banner": {"controller": "Example SAS"},
        "services": [],
        **changes,
    }
