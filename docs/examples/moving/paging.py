"""All hits, all pages, and page by page."""

from scenario_async import Scenario

with Scenario() as client:
    all_assets = []
    # Automatically fetches more pages as needed.
    for asset in client.search.asset_search(query="knight", limit=10, offset=0):
        # Do something with asset here
        all_assets.append(asset)
    print(len(all_assets), len({asset.id for asset in all_assets}))

    for number, page in enumerate(
        client.search.asset_search(query="knight", limit=10, offset=0).iter_pages()
    ):
        print(number, len(page.hits))

    page = client.search.asset_search(query="knight", limit=10, offset=0)
    while page.has_next_page():
        assert page.next_page_info() is not None
        page = page.get_next_page()
    print(page.offset, page.next_page_info())

    first_ten = []
    for asset in client.search.asset_search(query="knight", limit=4, offset=0):
        first_ten.append(asset.id)
        if len(first_ten) == 10:
            break
    print(first_ten)
