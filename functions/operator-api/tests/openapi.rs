//! The committed document is the code's.

#[test]
fn the_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi-operator.json");
    let expected = operator_api::openapi() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == expected,
        "docs/openapi-operator.json is not what the code serves; UPDATE_OPENAPI=1 writes it"
    );
}
