// Records a capture (HAR) of pages in Chromium, as its developer tools would save it with content.
//
//   node har.mjs VALIDATORS CHROMIUM HTTP-PORT HTTPS-PORT OUT.har URL...
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [validators, executablePath, http, https, path, ...urls] = process.argv.slice(2);
const require = createRequire(join(resolve(validators), "package.json"));
const { chromium } = require("playwright-core");

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
    `--host-resolver-rules=MAP *:443 127.0.0.1:${https},MAP *:80 127.0.0.1:${http}`,
  ],
});
const context = await browser.newContext({ ignoreHTTPSErrors: true, recordHar: { path, content: "embed" } });
const page = await context.newPage();
for (const url of urls) {
  await page.goto(url);
}
await context.close();
await browser.close();
