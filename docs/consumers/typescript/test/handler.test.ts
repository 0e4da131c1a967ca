// The consumer, with the events that docs/events.md shows, which are those that the functions make, on the DynamoDB of
// a running waas-local, whose numbers are exact.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CreateTableCommand, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { consumer, type Consumer, type Detail } from "../src/handler.js";

type Event = { detail: Detail };
type Sums = Map<string, bigint[]>;

const PARTS = ["available", "frozen", "held"] as const;

const dynamodb = new DynamoDBClient({
  region: process.env["AWS_REGION"] ?? "eu-central-1",
  endpoint: process.env["AWS_ENDPOINT_URL_DYNAMODB"] ?? "http://127.0.0.1:9001",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});

/** The page's examples, all of them. */
function events(): Event[] {
  const page = readFileSync(new URL("../../../../events.md", import.meta.url), "utf8");
  const found = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, json]) => JSON.parse(json ?? ""));
  assert.ok(found.length > 10, `the page shows ${found.length} events`);
  return found;
}

/** A decimal number as so many 10^-38, exactly. */
function exact(text: string | undefined): bigint {
  const [, sign, whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,38}))?$/.exec(text ?? "") ?? assert.fail(text);
  return BigInt(sign + whole + fraction.padEnd(38, "0"));
}

function expected(events: Event[]): Sums {
  const sums: Sums = new Map();
  for (const { M } of events.flatMap(({ detail }) => detail.record.postings.L)) {
    const name = JSON.stringify([M.tenantUserId.S, M.asset.S]);
    const before = sums.get(name) ?? [0n, 0n, 0n];
    sums.set(name, PARTS.map((part, index) => (before[index] ?? 0n) + exact(M[part].N)));
  }
  return sums;
}

/** A table of its own for each test: the consumer, and what it has added up. */
async function table(): Promise<{ consume: Consumer; sums: () => Promise<Sums> }> {
  const TableName = `consumer-${randomUUID()}`;
  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["id", "of"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: [
        { AttributeName: "id", KeyType: "HASH" },
        { AttributeName: "of", KeyType: "RANGE" },
      ],
    }),
  );
  const sums = async () => {
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName }));
    const found = Items.filter((item) => item["of"]?.S !== "event");
    return new Map(
      found.map((item) => [
        JSON.stringify([item["id"]?.S, item["of"]?.S]),
        PARTS.map((part) => exact(item[part]?.N)),
      ]),
    );
  };
  return { consume: consumer(dynamodb, TableName), sums };
}

/** The page's deposit, with another key and amount. */
function deposit(eventKey: string, amount: unknown): Event {
  const event = events()[0] ?? assert.fail();
  event.detail.eventKey = eventKey;
  Object.assign(event.detail.record.postings.L[0]?.M ?? assert.fail(), { available: { N: amount } });
  return event;
}

test("every event counts once, however often it comes and in whatever order", async () => {
  const { consume, sums } = await table();
  for (const event of [...events().reverse(), ...events()]) await consume(event);
  assert.deepEqual(await sums(), expected(events()));
  for (const event of events()) {
    const again = event.detail.record.postings.L.length === 0 ? "nothing" : "repetition";
    assert.equal(await consume(event), again);
  }
});

test("an event that comes several times at once counts once", async () => {
  const { consume, sums } = await table();
  const event = deposit("deposit-1", "10");
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => consume(event)));
  assert.equal(outcomes.filter((outcome) => outcome === "applied").length, 1);
  assert.deepEqual(await sums(), expected([event]));
});

test("amounts of 38 digits stay exact", async () => {
  const { consume, sums } = await table();
  for (const [index, amount] of ["0.12345678901234567890123456789012345678", "0.1", "-0.2"].entries()) {
    assert.equal(await consume(deposit(`deposit-${index}`, amount)), "applied");
  }
  const [sum] = [...(await sums()).values()];
  assert.equal(sum?.[0], exact("0.02345678901234567890123456789012345678"));
});

test("what cannot be read is an error and counts nothing", async () => {
  const { consume, sums } = await table();
  for (const amount of [2.5, "2,5", null]) await assert.rejects(consume(deposit("deposit-1", amount)));
  assert.deepEqual(await sums(), new Map());
  assert.equal(await consume(deposit("deposit-1", "2.5")), "applied", "what failed is not remembered as done");
});
