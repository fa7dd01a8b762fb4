"""Look at what was found.

A contact sheet is a Pillow image: sheet.save("knights.png") keeps it.
"""

from scenario_async import F, Scenario

images = F.kind == "image"
with Scenario() as client:
    find = client.search.asset_search
    page = find(query="knight", filter=images, limit=6)
    sheet = page.table.sheet(columns=3)
print(sheet.width, "x", sheet.height, "pixels")
