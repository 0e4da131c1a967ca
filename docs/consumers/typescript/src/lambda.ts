// What Lambda loads. The rest is in handler.ts, where a test can give it a table of its own.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { consumer } from "./handler.js";

const table = process.env["CONSUMER_TABLE"];
if (!table) throw new Error("CONSUMER_TABLE is not set");

export const handler = consumer(new DynamoDBClient({}), table);
