// Opens pages in Chromium and says what the browser does with each.
//
//   node browser_truth.mjs VALIDATORS CHROMIUM HTTP-PORT HTTPS-PORT CASES.json
//
// CASES.json is a list of { name, kind }. Prints an object: true or false for each name.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [validators, executablePath, http, https, file] = process.argv.slice(2);
const require = createRequire(join(resolve(validators), "package.json"));
const { chromium } = require("playwright-core");
const cases = JSON.parse(readFileSync(file, "utf8"));
const stranger = "https://stranger.truth.example/";

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
    `--host-resolver-rules=MAP *:443 127.0.0.1:${https},MAP *:80 127.0.0.1:${http}`,
  ],
});

// Whether a script of the page, its attributes or its parts ran.
async function runs(page, url) {
  await page.goto(url);
  await page.waitForTimeout(300);
  try {
    return await page.evaluate(() => globalThis.ran === 1);
  } catch {
    return false;
  }
}

const ways = {
  runs,
  // Whether another site can show the page in a frame.
  framed: async (page, url) => {
    await page.goto(stranger);
    await page.evaluate((to) => {
      const frame = document.createElement("iframe");
      frame.src = to;
      document.body.append(frame);
    }, url);
    await page.waitForTimeout(500);
    const frame = page.frames().find((own) => own !== page.mainFrame());
    return frame !== undefined && frame.url().startsWith("https://");
  },
  // Whether the picture of the page is shown.
  picture: async (page, url) => {
    await page.goto(url);
    await page.waitForTimeout(300);
    return page.evaluate(() => document.querySelector("img").naturalWidth > 0);
  },
  // Whether the one cookie of the page is kept.
  cookie: async (page, url) => {
    await page.goto(url);
    return (await page.context().cookies(url)).length > 0;
  },
  // Whether a script of another site reads the page with the visitor's cookies.
  read: async (page, url) => {
    await page.goto(stranger);
    return page.evaluate(async (to) => {
      try {
        const answer = await fetch(to, { credentials: "include" });
        return (await answer.text()).length > 0;
      } catch {
        return false;
      }
    }, url);
  },
};

const seen = {};
for (const { name, kind } of cases) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  seen[name] = await ways[kind](page, `https://${name}/`);
  await context.close();
}
await browser.close();
console.log(JSON.stringify(seen));
