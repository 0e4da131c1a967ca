//! Where the answers lead.

use waas_callback_api::Leads;

const CALL_BACK_ID: (&str, &str) = ("callBackId", "$response.body#/callBackId");
const TENANT_USER_ID: (&str, &str) = ("tenantUserId", "$response.body#/tenantUserId");
const SAME_USER: (&str, &str) = ("tenantUserId", "$request.path.tenantUserId");

const FIRST_LEG: (&str, &str) = ("tenantUserId", "$response.body#/legs/0/tenantUserId");

pub(crate) const LINKS: [Leads; 15] = [
    ("registerWithdrawal", "201", "getWithdrawal", &[CALL_BACK_ID]),
    ("registerWithdrawal", "201", "cancelWithdrawal", &[CALL_BACK_ID]),
    ("registerWithdrawal", "201", "getUser", &[TENANT_USER_ID]),
    ("registerWithdrawal", "201", "getUserEvents", &[TENANT_USER_ID]),
    ("registerWithdrawal", "200", "getWithdrawal", &[CALL_BACK_ID]),
    ("getWithdrawal", "200", "cancelWithdrawal", &[CALL_BACK_ID]),
    ("getWithdrawal", "200", "getUser", &[TENANT_USER_ID]),
    ("cancelWithdrawal", "200", "getWithdrawal", &[CALL_BACK_ID]),
    ("postMovement", "201", "getUser", &[FIRST_LEG]),
    ("postMovement", "201", "getUserEvents", &[FIRST_LEG]),
    ("getUser", "200", "getUserEvents", &[TENANT_USER_ID]),
    ("getUserEvents", "200", "getUserEvents", &[SAME_USER, ("cursor", "$response.body#/next")]),
    ("getUserEvents", "200", "getUser", &[SAME_USER]),
    ("registerUser", "201", "getUser", &[SAME_USER]),
    ("registerUser", "200", "getUserEvents", &[SAME_USER]),
];
