"""FetchXML: queries read and compiled to SQL over the declared tables.

Read `query` (what a query says, as values), then `read` (from XML), `operators` (what each operator means),
`compile` (to SQL). `Viewer` is the user for whom a query is asked.
"""

from postroom.store.fetch.compile import compiled
from postroom.store.fetch.fault import BadFetch
from postroom.store.fetch.query import Fetch
from postroom.store.fetch.read import read
from postroom.store.fetch.viewer import Viewer, viewer_of

__all__ = ["BadFetch", "Fetch", "Viewer", "compiled", "read", "viewer_of"]
