"""Fetches every work of a sitemap with a license's token, as a careful crawler would.

It comes back when it is told to, checks what it got against the content ID, keeps the bytes and
says how it went.
"""

import asyncio
import hashlib
import json
import pathlib

import scrapy
from scrapy.utils.sitemap import Sitemap


class Works(scrapy.Spider):
    name = "works"
    handle_httpstatus_list = [429]
    custom_settings = {
        "CONCURRENT_REQUESTS": 4,
        "DOWNLOAD_DELAY": 0,
        "LOG_LEVEL": "WARNING",
        # Coming back is the spider's own business.
        "RETRY_HTTP_CODES": [500, 502, 503, 504],
        "ROBOTSTXT_OBEY": True,
        "TELNETCONSOLE_ENABLED": False,
        "USER_AGENT": "imprimatur-tests (+http://127.0.0.1/)",
    }

    def __init__(self, sitemap, token, out):
        super().__init__()
        self.sitemap, self.token, self.out = sitemap, token, pathlib.Path(out)
        self.told = {"receipts": [], "wrong": [], "waits": 0}

    async def start(self):
        yield scrapy.Request(self.sitemap, self.read_sitemap)

    def read_sitemap(self, response):
        for place in Sitemap(response.body):
            yield scrapy.Request(
                place["loc"], self.keep, headers={"Authorization": f"Bearer {self.token}"}
            )

    async def keep(self, response):
        if response.status == 429:
            self.told["waits"] += 1
            await asyncio.sleep(int(response.headers["Retry-After"]))
            yield response.request.replace(dont_filter=True)
            return
        content_id = response.headers["Imprimatur-Content-Id"].decode()
        if "sha256:" + hashlib.sha256(response.body).hexdigest() != content_id:
            self.told["wrong"].append(content_id)
        (self.out / content_id.removeprefix("sha256:")).write_bytes(response.body)
        self.told["receipts"].append(response.headers["Imprimatur-Receipt"].decode())

    def closed(self, reason):
        (self.out / "told.json").write_text(json.dumps({"reason": reason, **self.told}))
