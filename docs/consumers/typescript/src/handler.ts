// A Lambda behind an EventBridge rule: adds each posting of an event to a sum of its own, once however often it comes.
//
// The table has the keys `id` and `of`, both texts, and two kinds of items: `eventKey` and `event`, for each event that
// was applied; `tenantUserId` and asset, for what a user has of an asset. Both are written in one transaction, so an
// event is counted if and only if it is remembered. Sums do not depend on the order of their events, which a bus does
// not promise.
import {
  type AttributeValue,
  DynamoDBClient,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import type { EventBridgeEvent } from "aws-lambda";

/** As docs/events.md tells, as far as this reads it. Each number is a text: never `Number(…)` of it. */
export interface Detail {
  eventKey: string;
  record: { postings: { L: { M: Posting }[] } };
}

interface Posting {
  tenantUserId: { S: string };
  asset: { S: string };
  available: { N: string };
  frozen: { N: string };
  held: { N: string };
}

/** It was added; it had been added before; it posts nothing. */
export type Outcome = "applied" | "repetition" | "nothing";

export type Consumer = (event: Pick<EventBridgeEvent<string, Detail>, "detail">) => Promise<Outcome>;

/**
 * What Lambda calls with each event. If it throws, nothing was written: Lambda tries again, and in the end puts the
 * event into the dead-letter queue.
 */
export function consumer(dynamodb: DynamoDBClient, table: string): Consumer {
  return async ({ detail }) => {
    const postings = detail.record.postings.L;
    if (postings.length === 0) return "nothing";
    const once: TransactWriteItem = {
      Put: {
        TableName: table,
        Item: key(detail.eventKey, "event"),
        ConditionExpression: "attribute_not_exists(id)",
      },
    };
    // The ledger posts to a balance once an event at most, so no sum is in the transaction twice.
    const sums = postings.map(({ M }) => added(table, M));
    try {
      await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [once, ...sums] }));
      return "applied";
    } catch (error) {
      if (wasApplied(error)) return "repetition";
      throw error;
    }
  };
}

/** A posting, added by DynamoDB, whose numbers are exact to 38 digits. */
function added(table: string, posting: Posting): TransactWriteItem {
  return {
    Update: {
      TableName: table,
      Key: key(posting.tenantUserId.S, posting.asset.S),
      UpdateExpression: "ADD available :available, frozen :frozen, held :held",
      ExpressionAttributeValues: {
        ":available": amount(posting.available),
        ":frozen": amount(posting.frozen),
        ":held": amount(posting.held),
      },
    },
  };
}

/** The text that came. What is no text has been through a float already. */
function amount({ N }: { N: unknown }): AttributeValue {
  if (typeof N !== "string") throw new TypeError("an amount is not a text");
  return { N };
}

/** Did the condition on the event's own item fail? Any other cancellation, such as a conflict, is tried again. */
function wasApplied(error: unknown): boolean {
  return (
    error instanceof TransactionCanceledException && error.CancellationReasons?.[0]?.Code === "ConditionalCheckFailed"
  );
}

function key(id: string, of: string): Record<"id" | "of", AttributeValue> {
  return { id: { S: id }, of: { S: of } };
}
