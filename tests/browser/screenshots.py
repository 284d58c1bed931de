#!/usr/bin/env python3
"""Takes pictures of the console's pages: light and dark, wide and narrow.

    cargo run -p bearing-server --example console_samples -- 8480 &
    tests/browser/screenshots.py http://localhost:8480 ana 'look at the pages' /tmp/pages

Needs chromium and chromium-driver (`apt-get install chromium chromium-driver`), nothing else. A narrow page that is
wider than its window is named, since it scrolls sideways on a phone.
"""

import base64
import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

WIDTHS = {"wide": 1280, "narrow": 390}
SCHEMES = ["light", "dark"]
LONGEST = 4000


class Browser:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        self.session = None

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        url = self.base + (f"/session/{self.session}" if self.session else "") + path
        request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            sys.exit(f"{path}: {json.load(error)['value']['message']}")

    def open(self):
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                     "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1"],
        }
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "acceptInsecureCerts": True,
                                                   "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}}
        self.session = self.call("POST", "/session", wanted)["sessionId"]

    def cdp(self, command, params):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def go(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *args):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})


def sign_in(browser, server, name, password):
    browser.go(f"{server}/sign-in")
    browser.run("document.querySelector('#name').value = arguments[0]; document.querySelector('#password').value = arguments[1];"
                "document.querySelector('form').submit();", name, password)
    for _ in range(100):
        if browser.run("return location.pathname") != "/sign-in" and browser.run("return document.readyState") == "complete":
            return
        time.sleep(0.1)
    sys.exit(f"could not sign in: {browser.run('return document.body.innerText')}")


def pages(browser, server):
    """The pages, with one device, finding, evaluation and policy that the lists link to."""
    found = [("overview", "/"), ("findings", "/findings"), ("devices", "/devices"), ("evaluations", "/evaluations"), ("approvals", "/approvals"),
             ("enrolment", "/enrolment"), ("policies", "/policies"), ("users", "/users"), ("audit-log", "/audit-log?verify=1"),
             ("problem", "/devices/nothing"), ("none-fits", "/devices?search=zzz")]
    for name, at, pattern in [("finding", "/findings", "a[href^='/devices/'][href*='/findings/']"), ("device", "/", "a.primary[href^='/devices/']"),
                              ("evaluation", "/evaluations", "tbody tr:last-child a.primary"), ("policy", "/policies", "a.primary")]:
        browser.go(server + at)
        link = browser.run("const a = document.querySelector(arguments[0]); return a && a.getAttribute('href')", pattern)
        if link:
            found.append((name, link))
    return found


def shoot(browser, server, name, path, width, scheme, folder):
    browser.cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.cdp("Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500})
    browser.go(server + path)
    wide, high = browser.run("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    if wide > width:
        print(f"{name}: {wide} wide in a window of {width}")
    browser.cdp("Emulation.setDeviceMetricsOverride", {"width": width, "height": min(high, LONGEST), "deviceScaleFactor": 1, "mobile": width < 500})
    picture = browser.cdp("Page.captureScreenshot", {"format": "png"})["data"]
    (folder / f"{name}-{width}-{scheme}.png").write_bytes(base64.b64decode(picture))


def main():
    server, user, password, folder = sys.argv[1:5]
    only = set(sys.argv[5:])
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    port = 9517
    driver = subprocess.Popen(["chromedriver", f"--port={port}", "--silent"], stdout=subprocess.DEVNULL)
    try:
        browser = Browser(port)
        for _ in range(100):
            try:
                browser.open()
                break
            except OSError:
                time.sleep(0.1)
        shoot(browser, server, "sign-in", "/sign-in", 1280, "light", folder)
        sign_in(browser, server, user, password)
        for name, path in pages(browser, server):
            if only and name not in only:
                continue
            for width in WIDTHS.values():
                for scheme in SCHEMES:
                    shoot(browser, server, name, path, width, scheme, folder)
        for line in browser.call("POST", "/se/log", {"type": "browser"}):
            print(line["level"], line["message"])
        browser.call("DELETE", "")
    finally:
        driver.terminate()


if __name__ == "__main__":
    main()
