"""A notebook: a harvest, and a look at it with DuckDB."""

# %% Harvest some searches into one file. Run the cell again, and it asks for nothing.
import sqlite3
from contextlib import closing

import duckdb
import pandas as pd

from scenario_async import AssetSearch, Scenario

words = ["knight", "castle", "dragon"]
with Scenario() as client:
    done = client.search.harvest([AssetSearch(query=word) for word in words], "all.sqlite")
print(done.searches, "searches,", done.hits, "hits")

# %% Read the hits, and which search found them, into frames.
with closing(sqlite3.connect("all.sqlite")) as file:
    assets = pd.read_sql("SELECT id, metadata_kind AS kind, metadata_width AS width FROM assets", file)
    found = pd.read_sql(
        "SELECT searches.search ->> 'query' AS query, hit, found.place FROM found "
        "JOIN searches ON number = found.search",
        file,
    )

# %% Ask them with DuckDB.
asked = """
    SELECT query, kind, count(*) AS hits, max(width) AS widest
    FROM found JOIN assets ON assets.id = found.hit
    GROUP BY ALL ORDER BY hits DESC, query LIMIT 3
"""
print(duckdb.sql(asked).fetchall())
