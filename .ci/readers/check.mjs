// Gives the JavaScript of docs/events.md an event with amounts of 38 digits, and shows what it is for.
import assert from "node:assert/strict";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { postings } from "./page.mjs";

const parts = {
  available: "0.12345678901234567890123456789012345678",
  frozen: "-1234567890123456789.0123456789012345678",
  held: "12345678901234567890123456789012345678",
};
const M = { tenantUserId: { S: "1945" }, asset: { S: "TRON#USDT" } };
for (const [part, N] of Object.entries(parts)) M[part] = { N };
const event = { detail: { record: { type: { N: "1" }, postings: { L: [{ M }] } } } };

assert.deepEqual(postings(event), [{ tenantUserId: "1945", asset: "TRON#USDT", ...parts }]);

// What the page warns of still holds.
const plain = (part) => unmarshall({ amount: M[part] }).amount;
assert.equal(plain("available"), 0.12345678901234568);
assert.throws(() => plain("frozen"), /wrapNumbers/);
console.log("JavaScript: 38 digits are read as they are; plain unmarshall makes", plain("available"), "of", parts.available);
