//! The audit names the movement whose legs are not those that it tells of.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use waas_local::audit::{Kind, Reading, audit};

use crate::harness::*;
use crate::movements::{adjust, move_};

/// A ledger with a movement and an adjustment, and a hand that writes where only functions should.
struct Scene {
    deployment: Deployment,
    client: Client,
    movement: String,
    adjustment: String,
}

impl Scene {
    async fn new() -> Self {
        let deployment = Deployment::new().await;
        deployment.deposit("1945", "USDT", "10").await;
        let key = |(_, posted): (u16, serde_json::Value)| posted["eventKey"].as_str().unwrap().to_owned();
        let legs = [("1945", "USDT", "-1.5"), ("2049", "USDT", "1"), ("2050", "USDT", "0.5")];
        let movement = key(move_(&deployment, "m", &legs).await);
        let adjustment = key(adjust(&deployment, "a", &[("2049", "USDT", "4")]).await);
        deployment.assert_audited().await;
        let client = waas_callback_aws::clients::dynamodb(deployment.stack.config());
        Self { deployment, client, movement, adjustment }
    }

    /// The event of the whole, or of the leg of a user.
    async fn event(&self, whole: &str, user: Option<&str>) -> Item {
        let text = |event: &Item, name: &str| event.get(name).map(|value| value.as_s().unwrap().clone());
        let is_it = |event: &&Item| match user {
            Some(user) => {
                text(event, "wholeEventKey").as_deref() == Some(whole)
                    && text(event, "tenantUserId").as_deref() == Some(user)
            }
            None => text(event, "eventKey").as_deref() == Some(whole),
        };
        self.deployment.events().await.iter().find(is_it).unwrap().clone()
    }

    async fn put(&self, item: &Item) {
        self.client.put_item().table_name("Events").set_item(Some(item.clone())).send().await.unwrap();
    }

    async fn delete(&self, item: &Item) {
        let delete = self.client.delete_item().table_name("Events");
        delete.key("eventKey", item["eventKey"].clone()).send().await.unwrap();
    }

    async fn add(&self, user: &str, amount: &str) {
        let update = self
            .client
            .update_item()
            .table_name("Balances")
            .update_expression("ADD available :added, frozen :none");
        let update = update.key("tenantUserId", text(user)).key("asset", text("TRON#USDT"));
        let update = update.expression_attribute_values(":added", number(amount));
        update.expression_attribute_values(":none", number("0")).send().await.unwrap();
    }

    /// The audit's differences are these and no more; what is said of the first.
    async fn assert_found(&self, expected: &[(Kind, &str)]) -> String {
        let audit = audit(self.deployment.stack.config(), Reading::default()).await.unwrap();
        let found: Vec<_> = audit.differences.iter().map(|found| (found.kind, &*found.key)).collect();
        assert_eq!(found, expected, "{audit}");
        assert_eq!(audit.undecided, []);
        audit.differences.first().map(|found| found.detail.clone()).unwrap_or_default()
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}

/// The event's one posting, or one of its legs, with another amount.
fn with_amount(mut event: Item, list: &str, nth: usize, name: &str, amount: &str) -> Item {
    let Some(AttributeValue::L(entries)) = event.get_mut(list) else { panic!("no {list}") };
    let AttributeValue::M(entry) = &mut entries[nth] else { panic!("no object") };
    entry.insert(name.to_owned(), number(amount));
    event
}

#[tokio::test]
async fn a_leg_too_few_or_too_many_is_named() {
    let scene = Scene::new().await;
    let movement = (Kind::Movement, &*scene.movement);
    // Event and balance agree, as where a function was made to write but a part of a movement.
    let leg = scene.event(&scene.movement, Some("2049")).await;
    scene.delete(&leg).await;
    scene.add("2049", "-1").await;
    assert_eq!(scene.assert_found(&[movement]).await, "it tells of 3 legs, and 2 are recorded");
    scene.put(&leg).await;
    scene.add("2049", "1").await;

    let mut surplus = scene.event(&scene.movement, Some("2050")).await;
    surplus.insert("eventKey".into(), text("movement-leg.surplus"));
    scene.put(&surplus).await;
    scene.add("2050", "0.5").await;
    scene.assert_found(&[movement]).await;
    scene.delete(&surplus).await;
    scene.add("2050", "-0.5").await;

    let whole = scene.event(&scene.adjustment, None).await;
    scene.delete(&whole).await;
    let detail = scene.assert_found(&[(Kind::Movement, &scene.adjustment)]).await;
    assert_eq!(detail, "1 legs are recorded that it does not tell of");
    scene.put(&whole).await;
    scene.assert_found(&[]).await;
}

#[tokio::test]
async fn a_leg_of_another_amount_or_user_is_named() {
    let scene = Scene::new().await;
    let movement = (Kind::Movement, &*scene.movement);
    let leg = scene.event(&scene.movement, Some("2049")).await;
    scene.put(&with_amount(leg.clone(), "postings", 0, "available", "1.1")).await;
    scene.add("2049", "0.1").await;
    assert_eq!(scene.assert_found(&[movement]).await, "other legs are recorded than it tells of");
    scene.add("2049", "-0.1").await;
    scene.put(&leg).await;

    // What a leg posts besides is no leg's.
    scene.put(&with_amount(leg.clone(), "postings", 0, "held", "1")).await;
    let update = scene.client.update_item().table_name("Balances").update_expression("ADD held :one");
    let update = update.key("tenantUserId", text("2049")).key("asset", text("TRON#USDT"));
    update.expression_attribute_values(":one", number("1")).send().await.unwrap();
    let (balance, posting) =
        ((Kind::Held, "2049 TRON#USDT"), (Kind::Posting, leg["eventKey"].as_s().unwrap().as_str()));
    scene.assert_found(&[balance, posting, movement]).await;
}

#[tokio::test]
async fn a_movement_that_makes_something_is_named_and_so_is_one_that_posts_by_itself() {
    let scene = Scene::new().await;
    let movement = (Kind::Movement, &*scene.movement);
    let (whole, leg) =
        (scene.event(&scene.movement, None).await, scene.event(&scene.movement, Some("2049")).await);
    // Whole, leg and balance agree: nothing but the sum tells.
    scene.put(&with_amount(whole.clone(), "legs", 1, "amount", "2")).await;
    scene.put(&with_amount(leg.clone(), "postings", 0, "available", "2")).await;
    scene.add("2049", "1").await;
    assert_eq!(scene.assert_found(&[movement]).await, "its legs do not sum to zero");
    scene.add("2049", "-1").await;
    scene.put(&leg).await;
    let mut posting = whole.clone();
    posting.insert("postings".into(), leg["postings"].clone());
    scene.put(&posting).await;
    scene.add("2049", "1").await;
    let detail = scene.assert_found(&[movement]).await;
    assert_eq!(detail, "it posts by itself: 2049 TRON#USDT available 1");
    scene.add("2049", "-1").await;

    let mut unreadable = whole.clone();
    unreadable.remove("legs");
    scene.put(&unreadable).await;
    scene.assert_found(&[(Kind::Unreadable, &format!("event {}", scene.movement))]).await;
    scene.put(&whole).await;
    scene.assert_found(&[]).await;
}
