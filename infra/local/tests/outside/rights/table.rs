//! Who may do what, as docs/deploy.md says it; written here once more, apart from the template.

use std::collections::BTreeSet;

use super::calls::INTERFACE;
use crate::harness::iam::Asked;
use crate::harness::template::{named, table_arn};

/// What one function's role may do.
pub struct Rights {
    pub function: &'static str,
    /// The attributes of the requests that it remembers.
    pub requests: &'static [&'static str],
    /// How the keys of its events begin, before a point.
    pub events: &'static [&'static str],
    pub event_attributes: &'static [&'static str],
    /// The attributes of a registration's event that its conditions may name.
    pub registration: &'static [&'static str],
    /// Of an order, and of a balance; reconciliation's are there only where it may put orders right.
    pub withdrawals: &'static [&'static str],
    pub balances: &'static [&'static str],
    /// The same of a sum that is noted beside a balance, which may not be named with it.
    pub sums: &'static [&'static str],
    pub addresses: &'static [&'static str],
    /// How the keys of its cases begin; `None` for every case.
    pub cases: Option<&'static [&'static str]>,
    pub case_attributes: &'static [&'static str],
    /// What it reads: verb, and table or index.
    pub reads: &'static [(&'static str, &'static str)],
}

const REQUEST: &[&str] = &["requestUUID", "eventKey", "fingerprint", "decision", "recordedAt", "expiresAt"];
#[rustfmt::skip]
const OF_CALLBACK: &[&str] = &[
    "eventKey", "tenantUserId", "fingerprint", "outcome", "detailType", "postings", "recordedAt", "callBackId", "type",
    "requestUUID", "callback", "trackingId", "txIndex", "fee", "refusedEventKey", "question", "countedOn",
];
#[rustfmt::skip]
const OF_MERCHANT: &[&str] = &[
    "eventKey", "tenantUserId", "fingerprint", "outcome", "detailType", "postings", "recordedAt", "callBackId", "fee",
    "refusedEventKey", "termsDigest", "mode", "submit", "submission", "chainName", "symbol", "amountText", "address", "id",
    "reason", "legs", "wholeEventKey",
];
#[rustfmt::skip]
const OF_OPERATOR: &[&str] = &[
    "eventKey", "tenantUserId", "fingerprint", "outcome", "detailType", "postings", "recordedAt", "callBackId",
    "txIndex", "fee", "releasedEventKey", "termsDigest", "mode", "chainName", "symbol", "amountText", "address",
    "caseKey", "action", "reason", "operator", "id", "legs", "wholeEventKey",
];
#[rustfmt::skip]
const PAYMENT: &[&str] = &[
    "callBackId", "version", "state", "open", "openSince", "payableIn", "trackingId", "txId", "stalled", "fee", "updatedAt",
    "reportedTenantUserId", "reportedChainName", "reportedSymbol", "reportedAmount", "reportedAddress",
];
#[rustfmt::skip]
const PAYMENT_OR_FAILURE: &[&str] = &[
    "callBackId", "version", "state", "open", "openSince", "payableIn", "trackingId", "txId", "stalled",
    "failureReported", "fee", "updatedAt", "reportedTenantUserId", "reportedChainName", "reportedSymbol", "reportedAmount", "reportedAddress",
];
#[rustfmt::skip]
const FAILURE: &[&str] = &[
    "callBackId", "version", "state", "open", "openSince", "trackingId", "stalled", "failureReported", "updatedAt",
    "reportedTenantUserId",
];
const SHORTAGE: &[&str] =
    &["callBackId", "version", "state", "trackingId", "stalled", "updatedAt", "reportedTenantUserId"];
const ADDRESS: &[&str] = &["tenantUserId", "asset", "address", "updatedAt", "history"];
#[rustfmt::skip]
const CASE_OF_CALLBACK: &[&str] = &[
    "caseKey", "open", "openSince", "reasons", "settled", "eventKeys", "expects", "nextAskAt", "silentSince", "eventKey",
    "fingerprint", "position", "tenantUserId", "callBackId", "trackingId", "asset", "amount", "txId",
];
#[rustfmt::skip]
const CASE_OF_MERCHANT: &[&str] = &[
    "caseKey", "open", "openSince", "reasons", "eventKeys", "expects", "nextAskAt", "silentSince", "eventKey",
    "fingerprint", "tenantUserId", "callBackId", "asset", "amount", "address", "mode",
];
#[rustfmt::skip]
const CASE_OF_OPERATOR: &[&str] = &[
    "caseKey", "open", "openSince", "reasons", "settled", "eventKeys", "expects", "nextAskAt", "resolutionKey",
    "closedAt",
];
#[rustfmt::skip]
const OF_VERIFICATION: &[&str] = &[
    "eventKey", "tenantUserId", "fingerprint", "outcome", "detailType", "postings", "recordedAt", "callBackId", "type",
    "callback", "trackingId", "verifiedEventKey", "caseKey", "word", "countedOn",
];
#[rustfmt::skip]
const CASE_OF_VERIFICATION: &[&str] = &[
    "caseKey", "open", "openSince", "reasons", "settled", "eventKeys", "expects", "nextAskAt", "asked", "word",
    "silentSince", "resolutionKey", "closedAt",
];
#[rustfmt::skip]
const OF_SUBMISSION: &[&str] = &[
    "eventKey", "tenantUserId", "fingerprint", "outcome", "detailType", "postings", "recordedAt", "callBackId", "caseKey",
    "attempts", "doubt",
];
#[rustfmt::skip]
const CASE_OF_SUBMISSION: &[&str] = &[
    "caseKey", "open", "openSince", "reasons", "settled", "eventKeys", "expects", "nextAskAt", "asked", "silentSince",
    "resolutionKey", "closedAt",
];
#[rustfmt::skip]
const OF_RECONCILIATION: &[&str] = &[
    "eventKey", "tenantUserId", "fingerprint", "outcome", "detailType", "postings", "recordedAt", "callBackId", "finding",
    "recorded", "expected", "day", "caseKey",
];
#[rustfmt::skip]
const CASE_OF_RECONCILIATION: &[&str] = &[
    "caseKey", "open", "openSince", "reasons", "settled", "eventKeys", "expects", "nextAskAt", "eventKey", "fingerprint",
    "tenantUserId", "callBackId", "asset", "finding", "recorded", "expected", "day", "resolutionKey", "closedAt", "version", "leasedUntil",
    "run", "lastRun",
];
const READS: &[(&str, &str)] = &[("GetItem", "Requests"), ("GetItem", "Events"), ("GetItem", "Withdrawals")];

/// What the functions of the callbacks have in common.
const CALLBACK: Rights = Rights {
    function: "",
    requests: REQUEST,
    events: &[],
    event_attributes: OF_CALLBACK,
    registration: &[],
    withdrawals: &[],
    balances: &[],
    sums: &[],
    addresses: &[],
    cases: Some(&[]),
    case_attributes: CASE_OF_CALLBACK,
    reads: &[],
};

/// Those that call the platform: two take from a queue, the third is called by a schedule.
pub const VERIFICATION: &str = "verification";
pub const SUBMISSION: &str = "withdrawal-submission";
pub const RECONCILIATION: &str = "reconciliation";

/// The table: a role for each function.
pub static RIGHTS: [Rights; 13] = [
    Rights {
        function: "deposit",
        events: &["deposit", "refusal.deposit"],
        balances: &["tenantUserId", "asset", "available", "frozen", "held"],
        cases: Some(&["deposit"]),
        ..CALLBACK
    },
    Rights {
        function: "withdrawal-confirmation",
        events: &["withdrawal-confirmation", "refusal.withdrawal-confirmation"],
        withdrawals: &["callBackId", "version", "state", "trackingId", "confirmedAt", "updatedAt"],
        cases: Some(&["withdrawal-confirmation"]),
        reads: READS,
        ..CALLBACK
    },
    Rights {
        function: "withdrawal",
        events: &["withdrawal", "refusal.withdrawal"],
        registration: &["eventKey", "termsDigest"],
        withdrawals: PAYMENT,
        balances: &["tenantUserId", "asset", "frozen"],
        cases: Some(&["withdrawal"]),
        reads: READS,
        ..CALLBACK
    },
    Rights {
        function: "address-change",
        events: &["address-change", "refusal.address-change"],
        addresses: ADDRESS,
        cases: Some(&["address-change"]),
        ..CALLBACK
    },
    Rights {
        function: "withdrawal-failure",
        events: &["withdrawal-failure", "refusal.withdrawal-failure"],
        registration: &["eventKey"],
        withdrawals: FAILURE,
        balances: &["tenantUserId", "asset", "available", "frozen"],
        cases: Some(&["withdrawal-failure"]),
        reads: READS,
        ..CALLBACK
    },
    Rights {
        function: "insufficient-balance",
        events: &["insufficient-balance", "refusal.insufficient-balance"],
        registration: &["eventKey", "tenantUserId"],
        withdrawals: SHORTAGE,
        cases: Some(&["insufficient-balance"]),
        reads: READS,
        ..CALLBACK
    },
    Rights {
        function: "insufficient-gas",
        events: &["insufficient-gas", "refusal.insufficient-gas"],
        registration: &["eventKey", "tenantUserId"],
        withdrawals: SHORTAGE,
        cases: Some(&["insufficient-gas"]),
        reads: READS,
        ..CALLBACK
    },
    Rights {
        function: "callback",
        events: &[
            "deposit",
            "refusal.deposit",
            "withdrawal",
            "refusal.withdrawal",
            "address-change",
            "refusal.address-change",
            "withdrawal-failure",
            "refusal.withdrawal-failure",
            "insufficient-balance",
            "refusal.insufficient-balance",
            "insufficient-gas",
            "refusal.insufficient-gas",
        ],
        registration: &["eventKey", "termsDigest", "tenantUserId"],
        withdrawals: PAYMENT_OR_FAILURE,
        balances: &["tenantUserId", "asset", "available", "frozen", "held"],
        addresses: ADDRESS,
        cases: Some(&[
            "deposit",
            "withdrawal",
            "address-change",
            "withdrawal-failure",
            "insufficient-balance",
            "insufficient-gas",
        ]),
        reads: READS,
        ..CALLBACK
    },
    Rights {
        function: "merchant-api",
        requests: &[],
        events: &["registration", "cancellation", "refusal.registration", "movement", "movement-leg", "user"],
        event_attributes: OF_MERCHANT,
        #[rustfmt::skip]
        withdrawals: &[
            "callBackId", "version", "state", "open", "openSince", "tenantUserId", "chainName", "symbol", "amount", "address",
            "registeredAt", "payableIn", "stalled", "fee", "submission", "attempts", "mayHaveArrived", "updatedAt",
        ],
        balances: &["tenantUserId", "asset", "available", "frozen", "owed"],
        cases: Some(&["registration"]),
        case_attributes: CASE_OF_MERCHANT,
        reads: &[
            ("GetItem", "Events"),
            ("GetItem", "Withdrawals"),
            ("Query", "Balances"),
            ("Query", "Addresses"),
            ("Query", "Events/index/byUser"),
        ],
        ..CALLBACK
    },
    Rights {
        function: "operator-api",
        requests: &[],
        #[rustfmt::skip]
        events: &[
            "resolution", "release", "collection", "registration", "deposit", "adjustment", "adjustment-leg", "verification"],
        event_attributes: OF_OPERATOR,
        registration: &["eventKey"],
        #[rustfmt::skip]
        withdrawals: &[
            "callBackId", "version", "state", "open", "openSince", "tenantUserId", "chainName", "symbol", "amount", "address",
            "registeredAt", "payableIn", "trackingId", "txId", "stalled", "fee", "charged", "held", "updatedAt",
        ],
        balances: &["tenantUserId", "asset", "available", "frozen", "held", "owed"],
        cases: None,
        case_attributes: CASE_OF_OPERATOR,
        reads: &[
            ("GetItem", "Events"),
            ("GetItem", "Withdrawals"),
            ("GetItem", "Balances"),
            ("GetItem", "Cases"),
            ("Query", "Cases/index/byOpenSince"),
        ],
        ..CALLBACK
    },
    Rights {
        function: VERIFICATION,
        requests: &[],
        events: &["verification"],
        event_attributes: OF_VERIFICATION,
        registration: &["eventKey"],
        #[rustfmt::skip]
        withdrawals: &[
            "callBackId", "version", "state", "open", "openSince", "stalled", "updatedAt", "reportedTenantUserId",
        ],
        balances: &["tenantUserId", "asset", "available", "frozen", "held"],
        addresses: &["tenantUserId", "asset", "address", "updatedAt", "history", "verified"],
        cases: Some(&["deposit", "withdrawal-failure", "address-change"]),
        case_attributes: CASE_OF_VERIFICATION,
        reads: &[
            ("GetItem", "Events"),
            ("GetItem", "Withdrawals"),
            ("GetItem", "Cases"),
            ("Query", "Cases/index/byNextAskAt"),
            ("Query", "Balances"),
            ("Query", "Addresses"),
        ],
        ..CALLBACK
    },
    Rights {
        function: SUBMISSION,
        requests: &[],
        events: &["submission"],
        event_attributes: OF_SUBMISSION,
        registration: &[],
        #[rustfmt::skip]
        withdrawals: &[
            "callBackId", "version", "state", "open", "openSince", "stalled", "submission", "attempts", "mayHaveArrived",
            "updatedAt",
        ],
        balances: &["tenantUserId", "asset", "available", "frozen"],
        cases: Some(&["registration"]),
        case_attributes: CASE_OF_SUBMISSION,
        reads: &[
            ("GetItem", "Events"),
            ("GetItem", "Withdrawals"),
            ("GetItem", "Cases"),
            ("Query", "Cases/index/byNextAskAt"),
        ],
        ..CALLBACK
    },
    Rights {
        function: RECONCILIATION,
        requests: &[],
        events: &["reconciliation"],
        event_attributes: OF_RECONCILIATION,
        withdrawals: &["callBackId", "version", "state", "open", "openSince", "stalled", "updatedAt"],
        balances: &["tenantUserId", "asset", "available", "frozen"],
        #[rustfmt::skip]
        sums: &[
            "tenantUserId", "asset", "auditedTo", "auditedAvailable", "auditedFrozen", "auditedHeld", "auditedOwed",
        ],
        cases: Some(&["reconciliation"]),
        case_attributes: CASE_OF_RECONCILIATION,
        reads: &[
            ("GetItem", "Events"),
            ("GetItem", "Withdrawals"),
            ("GetItem", "Balances"),
            ("GetItem", "Cases"),
            ("Query", "Cases/index/byOpenSince"),
            ("Query", "Cases/index/byNextAskAt"),
            ("Query", "Events/index/byUser"),
            ("Query", "Events/index/byDay"),
            ("Query", "Withdrawals/index/byOpenSince"),
            ("Scan", "Balances"),
        ],
        ..CALLBACK
    },
];

impl Rights {
    /// Whether the role is to be allowed this.
    pub fn may(&self, asked: &Asked) -> bool {
        let Some((verb, table)) = of_table(asked) else { return self.may_besides(asked) };
        let values = |key| asked.context.get(key).map_or(&[][..], Vec::as_slice);
        let (attributes, keys) = (values("dynamodb:Attributes"), values("dynamodb:LeadingKeys"));
        let names = |listed: &[&str]| {
            !attributes.is_empty() && attributes.iter().all(|name| listed.contains(&name.as_str()))
        };
        let begins = |listed: &[&str]| {
            let is_listed = |key: &str| {
                listed.iter().any(|beginning| {
                    key.strip_prefix(beginning).is_some_and(|digest| digest.starts_with('.'))
                })
            };
            !keys.is_empty() && keys.iter().all(|key| is_listed(key))
        };
        match (verb, table) {
            ("PutItem", "Requests") => names(self.requests),
            ("PutItem", "Events") => names(self.event_attributes) && begins(self.events),
            ("ConditionCheckItem", "Events") => names(self.registration) && begins(&["registration"]),
            ("UpdateItem", "Withdrawals") => names(self.withdrawals),
            ("UpdateItem", "Balances") => names(self.balances) || names(self.sums),
            ("UpdateItem", "Addresses") => names(self.addresses),
            ("UpdateItem", "Cases") => names(self.case_attributes) && self.cases.is_none_or(begins),
            read => self.reads.contains(&read),
        }
    }

    /// The same of what every role has besides: to log, to trace, to have tables decrypted; and of secret, queue and
    /// network.
    fn may_besides(&self, asked: &Asked) -> bool {
        let queue = match self.function {
            VERIFICATION => Some("Questions.Arn"),
            SUBMISSION => Some("Submissions.Arn"),
            _ => None,
        };
        let calls_platform = queue.is_some() || self.function == RECONCILIATION;
        let reads_secret = !self.requests.is_empty() || calls_platform;
        let via = asked.context.get("kms:ViaService").and_then(|via| via[0].split('.').next());
        let is_of = |name: &str| asked.resource == named(name);
        match (asked.action.as_str(), via) {
            ("logs:CreateLogStream" | "logs:PutLogEvents", _) => is_of("FunctionsLog.Arn"),
            ("xray:PutTraceSegments" | "xray:PutTelemetryRecords", _) => true,
            ("kms:DescribeKey" | "kms:Encrypt" | "kms:GenerateDataKey" | "kms:ReEncryptFrom", via) => {
                is_of("Key.Arn") && via == Some("dynamodb")
            }
            ("kms:Decrypt", via) => {
                let is_via_secret = reads_secret && via == Some("secretsmanager");
                is_of("Key.Arn") && (via == Some("dynamodb") || is_via_secret)
            }
            ("secretsmanager:GetSecretValue", _) => is_of("Secret") && reads_secret,
            ("sqs:ReceiveMessage" | "sqs:DeleteMessage" | "sqs:GetQueueAttributes", _) => {
                queue.is_some_and(is_of)
            }
            (
                "ec2:CreateNetworkInterface"
                | "ec2:DeleteNetworkInterface"
                | "ec2:AssignPrivateIpAddresses"
                | "ec2:UnassignPrivateIpAddresses",
                _,
            ) => asked.resource == INTERFACE && calls_platform,
            ("ec2:DescribeNetworkInterfaces" | "ec2:DescribeSubnets", _) => calls_platform,
            _ => false,
        }
    }
}

/// Verb, and table or index, if it is a table's.
fn of_table(asked: &Asked) -> Option<(&str, &str)> {
    let table = asked.resource.strip_prefix(table_arn("").as_str())?;
    Some((asked.action.strip_prefix("dynamodb:")?, table))
}

/// Every attribute of any table, and one of none.
pub fn attributes() -> BTreeSet<&'static str> {
    let of = |rights: &'static Rights| {
        let orders = rights.withdrawals.iter().chain(rights.registration);
        let users = rights.balances.iter().chain(rights.sums).chain(rights.addresses);
        let news = rights.requests.iter().chain(rights.event_attributes).chain(rights.case_attributes);
        orders.chain(users).chain(news).copied()
    };
    RIGHTS.iter().flat_map(of).chain(["another"]).collect()
}
