// The merchant API, typed by its OpenAPI document and signed for IAM.
import { AwsClient } from "aws4fetch";
import createClient from "openapi-fetch";
import type { components, paths } from "./openapi.js";

export type Withdrawal = components["schemas"]["Withdrawal"];
export type User = components["schemas"]["User"];
export type KnownUser = components["schemas"]["KnownUser"];
export type Event = components["schemas"]["Event"];
export type Posted = components["schemas"]["Posted"];
type Problem = components["schemas"]["Problem"];
type GatewayMessage = components["schemas"]["GatewayMessage"];

/** A withdrawal to register. Texts only: a number of JavaScript is a float, which rounds amounts and long ids. */
export type NewWithdrawal = Omit<components["schemas"]["NewWithdrawal"], "callBackId" | "tenantUserId" | "amount"> & {
  callBackId: string;
  tenantUserId: string;
  amount: string;
};

/** What to move between users; its legs sum to zero for each asset. Texts only, as above. */
export type NewMovement = Omit<components["schemas"]["NewMovement"], "legs"> & {
  legs: (Omit<components["schemas"]["NewLeg"], "tenantUserId" | "amount"> & { tenantUserId: string; amount: string })[];
};

/** Where the API is, and who asks. In a Lambda these are the environment's AWS_… variables. */
export interface Settings {
  url: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** What the API answered where it did not do as it was asked. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    /** The problem's name, such as `balance-too-low`; of the gateway's own answers, `gateway`. */
    readonly problem: string,
    detail: string,
    /** Which leg of a movement it is about, from 0. */
    readonly leg?: number,
  ) {
    super(`${status} ${problem}: ${detail}`);
  }
}

export function merchantApi({ url, ...credentials }: Settings) {
  // Asking again is safe: the same registration is answered with the same order, and so are movements and all the others.
  const aws = new AwsClient({ ...credentials, service: "execute-api", retries: 3 });
  const api = createClient<paths>({ baseUrl: url, fetch: (request) => aws.fetch(request) });
  const withdrawal = (callBackId: string) => ({ params: { path: { callBackId } } });
  return {
    register: async (body: NewWithdrawal): Promise<Withdrawal> => answered(await api.POST("/withdrawals", { body })),
    withdrawal: async (id: string): Promise<Withdrawal> => answered(await api.GET("/withdrawals/{callBackId}", withdrawal(id))),
    cancel: async (id: string): Promise<Withdrawal> => answered(await api.DELETE("/withdrawals/{callBackId}", withdrawal(id))),
    /** Moves all legs or none, once by the movement's id. */
    move: async (body: NewMovement): Promise<Posted> => answered(await api.POST("/movements", { body })),
    /** Makes a user known, so that deposits can be verified: when an account is opened. */
    makeKnown: async (tenantUserId: string): Promise<KnownUser> =>
      answered(await api.PUT("/users/{tenantUserId}", { params: { path: { tenantUserId } } })),
    user: async (tenantUserId: string): Promise<User> =>
      answered(await api.GET("/users/{tenantUserId}", { params: { path: { tenantUserId } } })),
    /** All events of a user, newest first, page after page. */
    async *events(tenantUserId: string, limit = 50): AsyncGenerator<Event> {
      let cursor: string | undefined;
      do {
        const query = cursor === undefined ? { limit } : { limit, cursor };
        const page = answered(await api.GET("/users/{tenantUserId}/events", { params: { path: { tenantUserId }, query } }));
        yield* page.events;
        cursor = page.next;
      } while (cursor !== undefined);
    },
  };
}

function answered<T>(answer: { data?: T; error?: Problem | GatewayMessage; response: Response }): T {
  if (answer.data !== undefined) return answer.data;
  const { status } = answer.response;
  const { error } = answer;
  if (error && "type" in error) {
    throw new Refused(status, error.type.replace("urn:waas-callbacks:problem:", ""), error.detail, error.leg);
  }
  throw new Refused(status, "gateway", error?.message ?? "no answer");
}
