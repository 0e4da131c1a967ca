//! Where the answers lead.

use waas_callback_api::Leads;

const FIRST_CASE: (&str, &str) = ("caseKey", "$response.body#/cases/0/caseKey");
const SAME_CASE: (&str, &str) = ("caseKey", "$request.path.caseKey");
const ITS_ORDER: (&str, &str) = ("callBackId", "$response.body#/callBackId");
const FIRST_EVENT: (&str, &str) = ("eventKey", "$response.body#/events/0/eventKey");

pub(crate) const LINKS: [Leads; 11] = [
    ("listCases", "200", "listCases", &[("cursor", "$response.body#/next")]),
    ("listCases", "200", "getCase", &[FIRST_CASE]),
    ("getCase", "200", "resolveCase", &[SAME_CASE]),
    ("getCase", "200", "releaseDeposit", &[FIRST_EVENT]),
    ("getCase", "200", "holdWithdrawal", &[ITS_ORDER]),
    ("getCase", "200", "resolveWithdrawal", &[ITS_ORDER]),
    ("resolveCase", "201", "getCase", &[SAME_CASE]),
    ("resolveCase", "200", "getCase", &[SAME_CASE]),
    ("holdWithdrawal", "200", "unholdWithdrawal", &[ITS_ORDER]),
    ("holdWithdrawal", "200", "resolveWithdrawal", &[ITS_ORDER]),
    ("unholdWithdrawal", "200", "holdWithdrawal", &[ITS_ORDER]),
];
