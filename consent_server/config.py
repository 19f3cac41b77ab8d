"""Every setting: its environment variable, type, default and meaning. Read once, when the process starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from environs import Env, validate

MASKED = "(set, not shown)"


def setting(variable: str, meaning: str, *, secret: bool = False) -> Any:
    """Declare a field's environment variable and meaning; ``secret`` ones are masked when shown."""
    return field(metadata={"variable": variable, "meaning": meaning, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """The settings of one process."""

    host: str = setting("HOST", "address to listen on")
    port: int = setting("PORT", "port to listen on")
    public_url: str = setting("PUBLIC_URL", "address that visitors' browsers reach this server at, without final slash")
    instance: Path = setting("CONSENT_INSTANCE", "folder of the embedded installation: database and secrets")
    database_url: str = setting("DATABASE_URL", "SQLite or postgresql+psycopg:// address of the database")
    database_url_file: str = setting("DATABASE_URL_FILE", "file that holds DATABASE_URL, which may have a password")
    redis_url: str = setting(
        "REDIS_URL",
        "Redis: limits shared by several nodes, publications heard at once; empty: each process counts and looks alone",
    )
    secret_key: str = setting("SECRET_KEY", "signs sessions and links of the admin, seals second factors", secret=True)
    secret_key_file: str = setting("SECRET_KEY_FILE", "file that holds SECRET_KEY")
    log_key: str = setting("LOG_KEY", "master seed of the proof logs: 32 bytes as 64 hex digits", secret=True)
    log_key_file: str = setting("LOG_KEY_FILE", "file that holds LOG_KEY, mode 0600")
    log_key_previous: str = setting(
        "LOG_KEY_PREVIOUS", "the LOG_KEY of before, while a rotation is under way", secret=True
    )
    promise_key: str = setting(
        "PROMISE_KEY", "all that a web node needs instead of LOG_KEY: 64 hex digits", secret=True
    )
    promise_key_file: str = setting("PROMISE_KEY_FILE", "file that holds PROMISE_KEY")
    high_water_mark: Path = setting(
        "CONSENT_HWM_FILE", "how far each log was seen to be, outside the database and its backup"
    )
    tsa_url: str = setting("TSA_URL", "time-stamping authority (RFC 3161) that the anchor log is shown to; empty: none")
    tsa_ca_file: str = setting("TSA_CA_FILE", "root certificates (PEM) that the authority's tokens must lead to")
    witnesses: str = setting(
        "CONSENT_WITNESSES", "witnesses (C2SP) of the anchor log, with commas: <address> <key>; empty: none"
    )
    anchor_mail_to: str = setting(
        "CONSENT_ANCHOR_MAIL_TO", "mail addresses, with commas, that get an anchor checkpoint once a week; empty: none"
    )
    smtp_url: str = setting("CONSENT_SMTP_URL", "mail server: smtp://name:password@host:587 (STARTTLS) or smtps://…")
    mail_from: str = setting(
        "CONSENT_MAIL_FROM", "sender of mails; empty: nobody is written to but CONSENT_ANCHOR_MAIL_TO"
    )
    public_tiles: bool = setting("CONSENT_PUBLIC_TILES", "serve tiles and numeric proofs to everybody")
    threads: int = setting("CONSENT_THREADS", "requests answered at once by a web process")
    drain: float = setting(
        "CONSENT_DRAIN", "seconds between being told to stop, when /readyz says so, and taking no more requests"
    )
    follow_interval: float = setting(
        "CONSENT_FOLLOW_INTERVAL", "seconds between two looks for what other processes published; 1 with SQLite, else 5"
    )
    shown_mb: int = setting("CONSENT_SHOWN_MB", "memory for published files, in each web process; about 5 sites a MB")
    sequencer_interval: float = setting("CONSENT_SEQUENCER_INTERVAL", "seconds between two passes of the sequencer")
    rate_limit: str = setting(
        "CONSENT_RATE_LIMIT", "consent posts allowed per address prefix and site; empty: no limit"
    )
    api_rate_limit: str = setting("CONSENT_API_RATE_LIMIT", "requests allowed per token of the API; empty: no limit")
    purge_by_month: bool = setting(
        "CONSENT_PURGE_BY_MONTH",
        "PostgreSQL: proofs whose time is up wait for the rest of their month, 31 days at most, and go with its table",
    )
    trusted_proxies: int = setting(
        "CONSENT_TRUSTED_PROXIES", "reverse proxies in front whose X-Forwarded-* are believed"
    )
    metrics: bool = setting("CONSENT_METRICS", "answer GET /metrics")
    metrics_token: str = setting(
        "CONSENT_METRICS_TOKEN",
        "what a scraper sends as its bearer token; empty: only this machine is answered, and not on a public server",
        secret=True,
    )
    metrics_token_file: str = setting("CONSENT_METRICS_TOKEN_FILE", "file that holds CONSENT_METRICS_TOKEN")
    metrics_per_site: bool = setting(
        "CONSENT_METRICS_PER_SITE", "also tell the sites with the longest lines by their keys, in /metrics"
    )
    worker_metrics: str = setting(
        "CONSENT_WORKER_METRICS",
        "host:port at which a worker gives its figures and its health; a port alone: on this machine; empty: nowhere",
    )
    log_format: str = setting(
        "CONSENT_LOG_FORMAT", "lines of the log: json or text; empty: text on a terminal, else json"
    )
    log_requests: bool = setting("CONSENT_LOG_REQUESTS", "write a line for each request, but for reads that succeed")
    screenshots: bool = setting("CONSENT_SCREENSHOTS", "photograph each configuration before it is published")
    scan_private: bool = setting(
        "CONSENT_SCAN_PRIVATE", "scans may visit addresses that only this machine or its network has, as staging sites"
    )
    demo: bool = setting("CONSENT_DEMO", "also serve the demo sites and their stand-in vendors, by host name")
    security_contact: str = setting("CONSENT_SECURITY_CONTACT", "whom security.txt names (RFC 9116), such as mailto:…")

    @property
    def sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url.startswith("sqlite")

    def shown(self) -> Iterator[tuple[str, str, str]]:
        """Yield variable, value (secrets masked) and meaning of each setting."""
        for item in fields(self):
            value = str(getattr(self, item.name))
            if item.metadata["secret"] and value:
                value = MASKED
            yield item.metadata["variable"], _without_password(value), item.metadata["meaning"]


def _without_password(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not separator or not at:
        return value
    return f"{scheme}://{credentials.partition(':')[0]}:***@{host}"


def _secret(env: Env, variable: str) -> str:
    """Return a variable, or else what the file holds that ``<variable>_FILE`` names: a mount, a systemd credential."""
    value, file = env.str(variable, ""), env.str(f"{variable}_FILE", "")
    return value or (Path(file).read_text().strip() if file else "")


def read_settings() -> Settings:
    """Read the environment; raises ``environs.EnvError`` naming the variable, ``OSError`` the file that is wrong."""
    env = Env()
    instance = Path(env.str("CONSENT_INSTANCE", "instance")).absolute()
    host = env.str("HOST", "127.0.0.1")
    port = env.int("PORT", 8000)
    database_url = _secret(env, "DATABASE_URL") or f"sqlite:///{instance / 'consent.sqlite'}"
    return Settings(
        host=host,
        port=port,
        public_url=env.str("PUBLIC_URL", f"http://{host}:{port}").rstrip("/"),
        instance=instance,
        database_url=database_url,
        database_url_file=env.str("DATABASE_URL_FILE", ""),
        redis_url=env.str("REDIS_URL", ""),
        secret_key=_secret(env, "SECRET_KEY"),
        secret_key_file=env.str("SECRET_KEY_FILE", ""),
        log_key=env.str("LOG_KEY", ""),
        log_key_file=env.str("LOG_KEY_FILE", ""),
        log_key_previous=env.str("LOG_KEY_PREVIOUS", ""),
        promise_key=_secret(env, "PROMISE_KEY"),
        promise_key_file=env.str("PROMISE_KEY_FILE", ""),
        high_water_mark=Path(env.str("CONSENT_HWM_FILE", "") or f"{instance}.high-water-mark.json").absolute(),
        tsa_url=env.str("TSA_URL", ""),
        tsa_ca_file=env.str("TSA_CA_FILE", ""),
        witnesses=env.str("CONSENT_WITNESSES", ""),
        anchor_mail_to=env.str("CONSENT_ANCHOR_MAIL_TO", ""),
        smtp_url=env.str("CONSENT_SMTP_URL", "smtp://localhost"),
        mail_from=env.str("CONSENT_MAIL_FROM", ""),
        public_tiles=env.bool("CONSENT_PUBLIC_TILES", True),
        threads=env.int("CONSENT_THREADS", 32),
        drain=env.float("CONSENT_DRAIN", 0.0),
        follow_interval=env.float("CONSENT_FOLLOW_INTERVAL", 1.0 if database_url.startswith("sqlite") else 5.0),
        shown_mb=env.int("CONSENT_SHOWN_MB", 256),
        sequencer_interval=env.float("CONSENT_SEQUENCER_INTERVAL", 1.0),
        rate_limit=env.str("CONSENT_RATE_LIMIT", "6000 per minute"),
        api_rate_limit=env.str("CONSENT_API_RATE_LIMIT", "600 per minute"),
        purge_by_month=env.bool("CONSENT_PURGE_BY_MONTH", False),
        trusted_proxies=env.int("CONSENT_TRUSTED_PROXIES", 0),
        metrics=env.bool("CONSENT_METRICS", True),
        metrics_token=_secret(env, "CONSENT_METRICS_TOKEN"),
        metrics_token_file=env.str("CONSENT_METRICS_TOKEN_FILE", ""),
        metrics_per_site=env.bool("CONSENT_METRICS_PER_SITE", False),
        worker_metrics=env.str("CONSENT_WORKER_METRICS", "127.0.0.1:9464"),
        log_format=env.str("CONSENT_LOG_FORMAT", "", validate=validate.OneOf(("", "json", "text"))),
        log_requests=env.bool("CONSENT_LOG_REQUESTS", True),
        screenshots=env.bool("CONSENT_SCREENSHOTS", True),
        scan_private=env.bool("CONSENT_SCAN_PRIVATE", False),
        demo=env.bool("CONSENT_DEMO", False),
        security_contact=env.str("CONSENT_SECURITY_CONTACT", ""),
    )
