// Opens a report in Chromium and says what is wrong with it: accessibility by axe-core, in light, dark and
// on a phone, with everything opened; requests; faults in the console; filter, search and copying by keyboard.
//
//   node browser.mjs VALIDATORS CHROMIUM PAGE.html all|phone|page [FOLDER for screenshots]
//
// `phone` looks at the darkest and smallest alone, for a page that differs from another one in its words only.
// `page` is one without script: it is looked at in all sizes, and printed to PAGE.pdf.
// Exits with 1 and a line on standard output for each fault.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [validators, executablePath, file, extent, pictures] = process.argv.slice(2);
const require = createRequire(join(resolve(validators), "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const url = pathToFileURL(resolve(file)).href;
const faults = [];

const sizes = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 360, height: 740 } },
};

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

async function end() {
  await browser.close();
  for (const fault of faults) console.log(fault);
  process.exit(faults.length > 0 ? 1 : 0);
}

async function open(name, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("request", (request) => {
    if (request.url() !== url) faults.push(`${name}: asks for ${request.url()}`);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`${name}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${name}: ${error}`));
  page.on("dialog", (dialog) => {
    faults.push(`${name}: a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(url);
  return page;
}

async function accessible(name, page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  for (const violation of violations) {
    for (const node of violation.nodes.slice(0, 3)) {
      faults.push(`${name}: axe ${violation.id}: ${node.html.slice(0, 200)} ${node.failureSummary.replaceAll("\n", " ").slice(0, 300)}`);
    }
  }
}

async function picture(page, name, fullPage = false) {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}

for (const [size, dimensions] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"]) {
    const name = `${size} ${colorScheme}`;
    if (extent === "phone" && name !== "phone dark") continue;
    const page = await open(name, { ...dimensions, colorScheme });
    await picture(page, `${size}-${colorScheme}`);
    if (pictures) {
      await page.evaluate(() => document.querySelector("#findings").scrollIntoView());
      await picture(page, `${size}-${colorScheme}-findings`);
    }
    // A bounded part of what can be opened: the page has hundreds of them.
    await page.evaluate(() => {
      for (const element of [...document.querySelectorAll("details")].slice(0, 25)) element.open = true;
    });
    await picture(page, `${size}-${colorScheme}-open`);
    await accessible(name, page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) faults.push(`${name}: the page is ${wide} pixels too wide`);
    await page.context().close();
  }
}

if (extent === "page") {
  const paper = await open("paper", { ...sizes.desktop, javaScriptEnabled: false });
  await paper.pdf({ path: file.replace(/html$/, "pdf"), preferCSSPageSize: true });
  await end();
}

// By keyboard alone.
const page = await open("keyboard", sizes.desktop);
const shown = () => page.evaluate(() => Number(document.querySelector("#shown").textContent.split(" ")[0]));
const all = await shown();
if (!(all > 0)) faults.push("keyboard: no finding is shown at first");
await page.keyboard.press("/");
await page.keyboard.type("no such words anywhere");
await page.waitForTimeout(300);
if ((await shown()) !== 0) faults.push("keyboard: the search does not filter");
await page.keyboard.press("Escape");
if ((await shown()) !== all) faults.push("keyboard: Escape does not show all again");
await page.focus("#filter input[name=effect]");
await page.keyboard.press("Space");
await page.waitForTimeout(300);
if ((await shown()) >= all) faults.push("keyboard: a box that is not ticked hides nothing");
await page.keyboard.press("Escape");
const opened = await page.evaluate(() => {
  const details = [...document.querySelectorAll("details")].find((element) => element.querySelector(".copy"));
  details?.querySelector("summary").focus();
  return Boolean(details);
});
if (!opened) faults.push("keyboard: there is nothing to copy");
await page.keyboard.press("Enter");
await page.keyboard.press("Tab");
const focused = await page.evaluate(() => document.activeElement.className);
if (focused !== "copy") faults.push(`keyboard: behind the summary comes ${focused}, no button that copies`);
await page.keyboard.press("Enter");
await page.waitForTimeout(300);
const said = await page.evaluate(() => document.activeElement.textContent);
if (said !== "Copied") faults.push(`keyboard: the button that copies says ${said}`);
await page.context().close();

// Without script everything can be read, and what needs script is not there.
const plain = await open("without script", { ...sizes.desktop, javaScriptEnabled: false });
for (const selector of ["#filter", ".copy"]) {
  if (await plain.locator(selector).first().isVisible()) faults.push(`without script: ${selector} is shown`);
}
if (!(await plain.locator(".issue").first().isVisible())) faults.push("without script: findings are hidden");
if (pictures) {
  await plain.emulateMedia({ media: "print" });
  await plain.setViewportSize({ width: 794, height: 1123 });
  await picture(plain, "print");
  await plain.evaluate(() => document.querySelector(".issue").scrollIntoView());
  await picture(plain, "print-findings");
}
if (pictures) await plain.pdf({ path: join(pictures, "print.pdf"), format: "A4", printBackground: false });
await plain.context().close();

await end();
