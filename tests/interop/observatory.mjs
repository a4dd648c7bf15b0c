// Scans sites with the npm package of the MDN HTTP Observatory, offline, and says what it makes of each.
//
//   NODE_EXTRA_CA_CERTS=root.pem node observatory.mjs FOLDER HTTP-PORT HTTPS-PORT NAMES.json
//
// FOLDER holds node_modules. Every name and port is led to loopback. Prints an object: for each name the results
// by test, the score and the grade, or an error.
import fs, { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, httpPort, httpsPort, file] = process.argv.slice(2);
const home = join(resolve(folder), "node_modules/@mdn/mdn-http-observatory");
// The list of preloaded names is fetched when the package is installed; here nothing is preloaded.
const read = fs.readFileSync;
fs.readFileSync = (path, ...more) => (String(path).endsWith("hsts-preload.json") ? "{}" : read(path, ...more));

for (const [agent, port] of [[http.Agent, httpPort], [https.Agent, httpsPort]]) {
  const own = agent.prototype.createConnection;
  agent.prototype.createConnection = function (options, ...more) {
    return own.call(this, { ...options, servername: options.servername ?? options.host, host: "127.0.0.1", port }, ...more);
  };
}

const { scan } = await import(pathToFileURL(join(home, "src/index.js")).href);
const names = JSON.parse(readFileSync(file, "utf8"));
const seen = {};
const work = async () => {
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    try {
      const { scan: whole, tests } = await scan(name);
      const results = Object.fromEntries(Object.entries(tests).map(([test, found]) => [test, found.result]));
      seen[name] = { score: whole.score, grade: whole.grade, results };
    } catch (error) {
      seen[name] = { error: String(error.message) };
    }
  }
};
await Promise.all(Array.from({ length: 8 }, work));
console.log(JSON.stringify(seen));
process.exit(0);
