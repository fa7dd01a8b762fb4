"""What goes wrong, by the kind of error."""

import scenario_async as sdk

client = sdk.Scenario(max_retries=0)
attempts = [
    lambda: client.search.asset_search(query="knight", limit=101, offset=0),
    lambda: client.search.asset_search(query="knight", project_id="proj_other"),
    lambda: client.search.asset_search(image="asset_unknown"),
    lambda: client.copy(api_key="wrong", api_secret="wrong").search.asset_search(query="knight"),
    lambda: client.copy(base_url="http://127.0.0.1:9/v1").search.asset_search(query="knight"),
]
for attempt in attempts:
    try:
        attempt()
    except sdk.APIConnectionError as e:
        print("The server could not be reached", isinstance(e, sdk.APIError), e.request.method)
    except sdk.RateLimitError as e:
        print("A 429 status code was received; we should back off a bit.")
    except sdk.APIStatusError as e:
        print("Another non-200-range status code was received")
        print(type(e).__name__, e.status_code, e.body["reason"])
        print(e.response.status_code, e.response.headers.get("content-type"), e.response.json() == e.body)
        print(e.response.text[:1], e.response.content[:1], e.response.request.method)
        print(str(e.response.url).split("?")[0].endswith("/search/assets"), e.response.url == e.request.url)
