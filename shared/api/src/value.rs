//! The kinds of values in the document, as exactly as JSON Schema can say what the code takes and gives.

use serde_json::json;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use waas_callback::{MAX_TEXT_BYTES, Mode, OrderState, Stage, StallCause};

/// RFC 3986's `pchar` without escapes, and neither `.` nor `..`, which a URL cannot name.
const ID: &str = "^(\\.{0,2}[A-Za-z0-9_~!$&'()*+,;=:@-]|\\.{3})[A-Za-z0-9._~!$&'()*+,;=:@-]*$";
/// Printable ASCII, no space at either end, and for a chain without `#`.
const CHAIN_NAME: &str = "^[!\"$-~]([ !\"$-~]*[!\"$-~])?$";
const SYMBOL: &str = "^[!-~]([ -~]*[!-~])?$";
/// Printable ASCII without the space.
const PRINTABLE: &str = "^[!-~]+$";

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn printable(pattern: &str, max_length: usize, example: &str) -> ObjectBuilder {
    text().pattern(Some(pattern)).min_length(Some(1)).max_length(Some(max_length)).examples([json!(example)])
}

/// What an id at our own door is made of.
const ID_TEXT: &str =
    "Letters, digits and `-._~!$&'()*+,;=:@`, but neither `.` nor `..`: what stands in a URL as it is.";

/// A new id of a withdrawal.
#[must_use]
pub fn new_call_back_id() -> Object {
    let description =
        format!("Your id of the withdrawal, unique in your system; the platform will name it. {ID_TEXT}");
    printable(ID, MAX_TEXT_BYTES, "250624392590001").description(Some(description)).build()
}

/// A new id of an act.
#[must_use]
pub fn new_id() -> Object {
    let description = format!("Your id of this act: the same again is the same act. {ID_TEXT}");
    printable(ID, MAX_TEXT_BYTES, "7c1a2f6e-9d0b-4a53-8f7e-2b6d1c0e9a44")
        .description(Some(description))
        .build()
}

/// As a text or an integer of 64 bits: one page of the platform's documents types it so.
#[must_use]
pub fn user() -> Schema {
    let integer = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(isize::MIN))
        .maximum(Some(isize::MAX));
    let description = format!(
        "The user's id in your system. {ID_TEXT} An integer is taken for its text; beyond 2^53 many programs round \
         integers, so send a text."
    );
    AnyOfBuilder::new()
        .item(printable(ID, MAX_TEXT_BYTES, "1945"))
        .item(integer)
        .description(Some(description))
        .examples([json!("1945")])
        .build()
        .into()
}

/// A chain, at our own door.
#[must_use]
pub fn chain_name() -> Object {
    printable(CHAIN_NAME, MAX_TEXT_BYTES, "TRON")
        .description(Some("The chain, as the platform names it."))
        .build()
}

/// A coin or token, at our own door.
#[must_use]
pub fn symbol() -> Object {
    printable(SYMBOL, MAX_TEXT_BYTES, "USDT")
        .description(Some(
            "The coin or token, as the platform names it. `ENERGY` is none: it is answered with 422.",
        ))
        .build()
}

/// A payee, at our own door.
#[must_use]
pub fn address() -> Object {
    printable(PRINTABLE, 128, "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK")
        .description(Some(
            "Where to pay: an address of the chain. Its form and its checksum are checked by the rules of its chain, which no \
             pattern can tell: a wrong one is answered with 400. The platform is told this text.",
        ))
        .build()
}

/// A positive decimal: as a text, without a float on its way, or as a number.
///
/// The texts are three, since no pattern that every validator reads counts digits on both sides of a point.
#[must_use]
pub fn new_amount() -> Schema {
    let text = |title: &str, pattern: &str, max_length: usize| {
        text().title(Some(title)).pattern(Some(pattern)).max_length(Some(max_length))
    };
    // Between these, programs write floats without an exponent, and beyond 2^53 they round integers.
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .title(Some("Number"))
        .description(Some(
            "Read digit by digit as it is written, and written without an exponent. What passed through a float may be \
             another amount: send a text.",
        ))
        .minimum(Some(0.0001))
        .maximum(Some(9_007_199_254_740_991_isize));
    AnyOfBuilder::new()
        .item(text("Whole", "^[1-9][0-9]{0,37}(\\.0+)?$", 128))
        .item(text("Below one", "^0\\.[0-9]{0,37}[1-9]0*$", 128))
        .item(text("Above one", "^[1-9][0-9]*\\.[0-9]+$", 39))
        .item(number)
        .description(Some(
            "A positive decimal without sign and exponent, of at most 38 digits before and after the point together; zeros \
             at its end do not count.",
        ))
        .examples([json!("3.3")])
        .build()
        .into()
}

/// A decimal with a minus where it is taken, as a text or as a number.
#[must_use]
pub fn new_change() -> Schema {
    let text = |title: &str, pattern: &str, max_length: usize| {
        text().title(Some(title)).pattern(Some(pattern)).max_length(Some(max_length))
    };
    // As of amounts: between these, programs write floats without an exponent and round no integer.
    let number = |title: &str, least: f64, most: f64| {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .title(Some(title))
            .minimum(Some(least))
            .maximum(Some(most))
    };
    AnyOfBuilder::new()
        .item(text("Whole", "^-?[1-9][0-9]{0,37}(\\.0+)?$", 128))
        .item(text("Below one", "^-?0\\.[0-9]{0,37}[1-9]0*$", 128))
        .item(text("Above one", "^-?[1-9][0-9]*\\.[0-9]+$", 39))
        .item(number("Number that is given", 0.0001, 9_007_199_254_740_991.0))
        .item(number("Number that is taken", -9_007_199_254_740_991.0, -0.0001))
        .description(Some(
            "Added to what the user can spend; with a minus it is taken. A decimal without exponent, not zero, of at most 38 \
             digits before and after the point together; zeros at its end do not count. A number is read digit by digit as it \
             is written; what passed through a float may be another amount: send a text.",
        ))
        .examples([json!("-1.5")])
        .build()
        .into()
}

fn legs(least: usize, description: &str, example: serde_json::Value) -> Schema {
    ArrayBuilder::new()
        .items(Ref::from_schema_name("NewLeg"))
        .min_items(Some(least))
        .max_items(Some(20))
        .description(Some(format!("{description} Their order means nothing.")))
        .examples([example])
        .build()
        .into()
}

fn leg(user: &str, amount: &str) -> serde_json::Value {
    json!({ "tenantUserId": user, "chainName": "TRON", "symbol": "USDT", "amount": amount })
}

/// The legs of a movement.
#[must_use]
pub fn legs_of_movement() -> Schema {
    let description = "They sum to zero for each asset, and no user has two in one asset.";
    legs(2, description, json!([leg("1945", "-1.5"), leg("2049", "1.5")]))
}

/// The legs of an adjustment.
#[must_use]
pub fn legs_of_adjustment() -> Schema {
    legs(1, "No user has two in one asset.", json!([leg("1945", "1024.5")]))
}

/// Why legs are posted.
#[must_use]
pub fn reason_of_legs() -> Object {
    text()
        .min_length(Some(1))
        .max_length(Some(MAX_TEXT_BYTES))
        .description(Some("Why, in your words, for those who read it later: at most 255 bytes of UTF-8."))
        .examples([json!("order 4711 paid from the balance")])
        .build()
}

/// How a withdrawal will be paid; may be absent.
#[must_use]
pub fn new_mode() -> Object {
    let names = Mode::ALL.map(|mode| json!(mode.name()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names.into_iter().chain([json!(null)])))
        .default(Some(json!(Mode::default().name())))
        .description(Some(
            "Which call of the platform's you make: `confirmed` for `withdrawRequest`, which a type 2 follows; `direct` for \
             `withdrawWithoutVerify`, which pays without asking.",
        ))
        .build()
}

/// How an order is paid.
#[must_use]
pub fn mode() -> Object {
    text()
        .enum_values(Some(Mode::ALL.map(Mode::name)))
        .description(Some("How it is paid; absent where only the platform reported it."))
        .build()
}

/// Where an order stands.
#[must_use]
pub fn state() -> Object {
    text().enum_values(Some(OrderState::ALL.map(OrderState::name))).examples([json!("reserved")]).build()
}

/// How far an order is on its way to the platform.
#[must_use]
pub fn submission() -> Object {
    text()
        .enum_values(Some(Stage::ALL.map(Stage::name)))
        .description(Some("How far it is on its way to the platform; absent where you order it yourself."))
        .build()
}

/// Why an order waits.
#[must_use]
pub fn stalled() -> Object {
    text()
        .enum_values(Some(StallCause::ALL.map(StallCause::name)))
        .description(Some("Why it waits at the platform."))
        .build()
}
