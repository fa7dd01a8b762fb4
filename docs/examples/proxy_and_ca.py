"""Behind a corporate proxy: which way requests go, who is trusted, and what is wrong if they do not get through."""

import os
import ssl
import sys

from scenario_async import APIConnectionError, APIStatusError, Scenario

trusted = ssl.get_default_verify_paths()
print("proxy:", "from HTTPS_PROXY" if os.environ.get("HTTPS_PROXY") else "none in HTTPS_PROXY")
print("authorities:", os.environ.get("SSL_CERT_FILE") or trusted.cafile or trusted.capath)

with Scenario(timeout=10, max_retries=0) as client:
    try:
        page = client.search.asset_search(query="knight", limit=1)
    except APIConnectionError as error:
        sys.exit(f"no way through: {error}")
    except APIStatusError as error:
        sys.exit(f"somebody answered {error.status_code}: {error.message}")
print("it works:", page.response.status)
