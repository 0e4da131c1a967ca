// Every call once, against waas-local with ten deposits of 1000 USDT for user 1945, and a held one for user 2049 (.ci/api starts it).
import assert from "node:assert/strict";
import { type Event, merchantApi, Refused } from "./client.js";

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const api = merchantApi({
  url: setting("MERCHANT_API_URL"),
  region: setting("AWS_REGION"),
  accessKeyId: setting("AWS_ACCESS_KEY_ID"),
  secretAccessKey: setting("AWS_SECRET_ACCESS_KEY"),
});
const usdt = async (tenantUserId: string) => {
  const { balances } = await api.user(tenantUserId);
  const { available, frozen, held } = balances.find(({ symbol }) => symbol === "USDT") ?? assert.fail("no USDT");
  return { available, frozen, held };
};

// 38 digits beside the balance. An id with every kind of character that it may have: each stands in a path.
const callBackId = "w-1._~!$&'()*+,;=:@";
const order = {
  callBackId,
  tenantUserId: "1945",
  chainName: "TRON",
  symbol: "USDT",
  amount: "0.1000000000000000000000000000000001",
  address: "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK",
};

assert.equal((await api.register(order)).state, "reserved");
assert.equal((await api.register(order)).amount, order.amount); // the same again
assert.deepEqual(await usdt("1945"), {
  available: "9999.8999999999999999999999999999999999",
  frozen: "0.1000000000000000000000000000000001",
  held: "0",
});
await assert.rejects(api.register({ ...order, amount: "2" }), { status: 409, problem: "event-conflict" });
await assert.rejects(api.register({ ...order, callBackId: "w-2", amount: "100000" }), { status: 422, problem: "balance-too-low" });
await assert.rejects(api.withdrawal("unknown"), (error) => error instanceof Refused && error.status === 404);

assert.equal((await api.hold(callBackId)).held, true);
assert.equal((await api.withdrawal(callBackId)).held, true);
assert.equal((await api.unhold(callBackId)).held, false);
assert.equal((await api.cancel(callBackId)).state, "cancelled");

const events: Event[] = [];
for await (const event of api.events("1945", 5)) events.push(event);
const outcomes = events.map(({ outcome }) => outcome);
assert.equal(new Set(events.map(({ eventKey }) => eventKey)).size, events.length);
assert.deepEqual([outcomes.includes("reserved"), outcomes.includes("cancelled")], [true, true]);
assert.equal(outcomes.filter((outcome) => outcome === "credited").length, 10);

assert.deepEqual(await usdt("1945"), { available: "10000", frozen: "0", held: "0" });

assert.deepEqual(await usdt("2049"), { available: "0", frozen: "0", held: "1000" });
for await (const { eventKey, outcome } of api.events("2049")) {
  assert.equal(outcome, "held");
  assert.equal((await api.release(eventKey)).state, "released");
}
assert.deepEqual(await usdt("2049"), { available: "1000", frozen: "0", held: "0" });
console.log(`${events.length} events of user 1945, the held deposit of user 2049 released: all as typed`);
