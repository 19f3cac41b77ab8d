"""Finding services of the library by what people type: parts of names, vendors, trackers."""

from __future__ import annotations

from consent_server.domain.catalogue_rows import plain
from consent_server.domain.library import Library, LibraryService


def search_library(library: Library, text: str) -> list[LibraryService]:
    """Return the services whose name, vendor, alias or tracker has every word that is looked for, best names first."""
    wanted = plain(text).split()
    found = []
    for service in library.services:
        said = plain(" ".join([*service.names, service.vendor, *(t.name for t in service.trackers)]))
        if all(word in said for word in wanted):
            found.append(service)
    begins = plain(text).strip()
    return sorted(found, key=lambda service: (not _begins(service, begins), plain(service.name)))


def _begins(service: LibraryService, text: str) -> bool:
    return any(word.startswith(text) for name in service.names for word in (plain(name), *plain(name).split()))
