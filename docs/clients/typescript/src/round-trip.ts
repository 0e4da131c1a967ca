// Every call once, against waas-local with ten deposits of 1000 USDT for user 1945, a held one for user 2049, and user 2063 who
// owes (.ci/api starts it).
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
  const { available, frozen, held, owed } = balances.find(({ symbol }) => symbol === "USDT") ?? assert.fail("no USDT");
  return { available, frozen, held, owed };
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
  owed: "0",
});
await assert.rejects(api.register({ ...order, amount: "2" }), { status: 409, problem: "event-conflict" });
await assert.rejects(api.register({ ...order, callBackId: "w-2", amount: "100000" }), { status: 422, problem: "balance-too-low" });
await assert.rejects(api.withdrawal("unknown"), (error) => error instanceof Refused && error.status === 404);

const owing = { ...order, callBackId: "w-3", tenantUserId: "2063", amount: "1" };
await assert.rejects(api.register(owing), { status: 422, problem: "user-owes" });

// Once, and once more, which changes nothing.
assert.deepEqual(await api.makeKnown("1945"), { tenantUserId: "1945" });
assert.deepEqual(await api.makeKnown("1945"), { tenantUserId: "1945" });

assert.equal((await api.withdrawal(callBackId)).state, "reserved");
assert.equal((await api.cancel(callBackId)).state, "cancelled");

// A gift, and one beyond his means.
const gift = {
  id: "m-1",
  reason: "a gift",
  legs: [
    { tenantUserId: "1945", chainName: "TRON", symbol: "USDT", amount: "-0.1000000000000000000000000000000001" },
    { tenantUserId: "1946", chainName: "TRON", symbol: "USDT", amount: "0.1000000000000000000000000000000001" },
  ],
};
const posted = await api.move(gift);
assert.deepEqual(await api.move(gift), posted); // the same again
assert.equal((await usdt("1946")).available, "0.1000000000000000000000000000000001");
const back = gift.legs.map((leg) => ({ ...leg, amount: leg.amount.startsWith("-") ? leg.amount.slice(1) : `-${leg.amount}` }));
await assert.rejects(api.move({ ...gift, legs: back }), { status: 409, problem: "id-used" });
assert.equal((await api.move({ ...gift, id: "m-2", legs: back })).legs.length, 2);
const beyond = gift.legs.map((leg, nth) => ({ ...leg, amount: ["1", "-1"][nth] ?? "" }));
await assert.rejects(api.move({ ...gift, id: "m-3", legs: beyond }), { status: 422, problem: "balance-too-low", leg: 1 });

const events: Event[] = [];
for await (const event of api.events("1945", 5)) events.push(event);
const outcomes = events.map(({ outcome }) => outcome);
assert.equal(new Set(events.map(({ eventKey }) => eventKey)).size, events.length);
assert.deepEqual([outcomes.includes("reserved"), outcomes.includes("cancelled")], [true, true]);
assert.deepEqual(events.filter(({ outcome }) => outcome === "leg-moved").map(({ id }) => id), ["m-2", "m-1"]);
assert.equal(outcomes.filter((outcome) => outcome === "credited").length, 10);

assert.deepEqual(await usdt("1945"), { available: "10000", frozen: "0", held: "0", owed: "0" });
assert.deepEqual(await usdt("2049"), { available: "0", frozen: "0", held: "1000", owed: "0" });
assert.deepEqual(await usdt("2063"), { available: "4", frozen: "10", held: "0", owed: "10" });
console.log(`${events.length} events of user 1945, what is held of user 2049 and what 2063 owes: all as typed`);
