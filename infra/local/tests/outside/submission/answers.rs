//! The platform refuses, loses, repeats and delays each answer of each call.

use serde_json::json;
use waas_callback::OrderState;

use super::*;

/// What becomes of the call that orders a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Effect {
    /// The platform has the order.
    Arrived,
    /// It has two of it.
    Doubled,
    /// It was not looked at, and whoever says so can be believed.
    TurnedAway,
    /// It was not looked at, and nobody can tell.
    Vanished,
    /// The platform said no.
    Refused,
}

fn says(fault: serde_json::Value) -> PlatformFault {
    PlatformFault::Misbehaves(fault)
}

fn answers(status: u16, body: &str) -> PlatformFault {
    PlatformFault::Answer(status, body.to_owned())
}

/// Every way in which an order's answer comes at once.
fn of_orders() -> Vec<(PlatformFault, Effect)> {
    let status = |status: u16| says(json!({ "status": status }));
    vec![
        (PlatformFault::Pass, Effect::Arrived),
        (says(json!("nothing")), Effect::Arrived),
        (says(json!("unopenable")), Effect::Arrived),
        (says(json!("other-question")), Effect::Arrived),
        (says(json!("contradict")), Effect::Arrived),
        (says(json!({ "delay": 200 })), Effect::Arrived),
        (says(json!("repeat")), Effect::Doubled),
        (status(401), Effect::TurnedAway),
        (status(403), Effect::TurnedAway),
        (status(404), Effect::TurnedAway),
        (says(json!({ "refuse": 1005 })), Effect::TurnedAway),
        (status(429), Effect::Vanished),
        (status(500), Effect::Vanished),
        (answers(302, ""), Effect::Vanished),
        (says(json!("html")), Effect::Vanished),
        (answers(200, "{}"), Effect::Vanished),
        (answers(200, "[]"), Effect::Vanished),
        (answers(200, r#"{"code":"BUSY","message":"","data":null}"#), Effect::Vanished),
        (answers(200, r#"{"code":0,"data":7}"#), Effect::Vanished),
        (answers(200, r#"{"code":0,"data":null}"#), Effect::Vanished),
        (says(json!({ "refuse": 7 })), Effect::Refused),
        (says(json!({ "refuse": -1 })), Effect::Refused),
    ]
}

/// Every way in which a question's answer comes at once, and is none, or is another's; or those that weigh most.
fn of_questions(all_of_them: bool) -> Vec<PlatformFault> {
    let mut all = vec![PlatformFault::Pass, says(json!({ "refuse": 7 })), says(json!("nothing"))];
    if !all_of_them {
        return all;
    }
    all.extend([401, 403, 404, 429, 500].map(|status: u16| says(json!({ "status": status }))));
    all.extend(["html", "unopenable", "other-question", "contradict", "repeat"].map(|of| says(json!(of))));
    all.extend([says(json!({ "refuse": 1005 }))]);
    all.extend(["{}", r#"{"code":"BUSY"}"#].map(|text| answers(200, text)));
    all
}

/// Where an order ends once the platform answers again, and the reasons for which somebody has to look. `is_plain`: that it
/// does not know an order, the platform says otherwise than by a number.
fn end(mode: Mode, effect: Effect, repeated: &str, is_plain: bool) -> (OrderState, &'static [&'static str]) {
    match (effect, mode) {
        (Effect::Doubled, _) if repeated == "refused" => (OrderState::Completed, &["submission-unclear"]),
        (Effect::Arrived | Effect::Doubled | Effect::TurnedAway, _) | (Effect::Vanished, Mode::Confirmed) => {
            (OrderState::Completed, &[])
        }
        (Effect::Vanished, Mode::Direct) => (OrderState::Reserved, &["submission-unclear"]),
        // What nobody has to confirm is not given up upon a number.
        (Effect::Refused, Mode::Direct) if !is_plain => (OrderState::Reserved, &["submission-unclear"]),
        (Effect::Refused, _) => (OrderState::Failed, &[]),
    }
}

/// All of them for one platform and mode: each order's call goes wrong, and then two questions for it. How many orders there
/// were.
async fn all_answers(mode: Mode, (unknown, repeated): (&str, &str)) -> usize {
    let submitting = Submitting::new().await;
    submitting.platform_is(unknown, repeated);
    let mut ends: Vec<(String, String, Effect)> = Vec::new();
    for (nth, (of_order, effect)) in of_orders().into_iter().enumerate() {
        // With every question one of a kind, and with every kind of platform.
        let is_first = ends.iter().all(|(.., known)| *known != effect);
        if !is_first && (unknown, repeated) != PLATFORMS[0] {
            continue;
        }
        for (mth, of_question) in of_questions(is_first).into_iter().enumerate() {
            let id = format!("w-{nth}-{mth}");
            let at = format!("{mode}, {unknown}, {repeated}: {of_order:?}, {of_question:?}");
            if effect == Effect::Doubled {
                match (mode, repeated) {
                    (Mode::Direct, "pays-again") => submitting.is_doubled(&id),
                    // Who says no, and that it does not know what it pays, is nobody's platform.
                    (_, "refused") if of_question == says(json!("nothing")) => continue,
                    _ => {}
                }
            }
            let [_, _, before] = submitting.calls();
            let message = submitting.submit(mode, &id).await;
            submitting.goes_wrong(&of_order);
            submitting.take(&message).await;
            submitting.gate.fail_no_more();
            for _ in 0..2 {
                submitting.goes_wrong(&of_question);
                submitting.take_later(&message).await;
                submitting.gate.fail_no_more();
            }
            let [_, _, after] = submitting.calls();
            if mode == Mode::Direct && effect != Effect::TurnedAway {
                assert!(after - before <= 1, "{at}: sent {} times", after - before);
            }
            let order = submitting.order(&id).await;
            if effect != Effect::Refused {
                assert_eq!(order.state, OrderState::Reserved, "{at}");
            }
            ends.push((id, at, effect));
        }
        submitting.is_right(&format!("{mode}, {unknown}, {repeated}: {of_order:?}")).await;
    }
    submitting.come_to_an_end().await;
    for (id, at, effect) in &ends {
        let (state, reasons) = end(mode, *effect, repeated, unknown != "refused");
        assert_eq!(submitting.order(id).await.state, state, "{at}");
        let left = submitting.reasons(id).await;
        // Where a known callBackId is refused: a no after a doubt is for a person to look at, though the order goes on, and
        // nothing is left of it where it came to its end before anybody saw that.
        let other: &[&str] = match (repeated, effect) {
            ("refused", Effect::Doubled) => &[],
            ("refused", _) if mode == Mode::Confirmed => &["submission-unclear"],
            _ => reasons,
        };
        assert!(left == reasons || left == other, "{at}: {left:?}");
    }
    ends.len()
}

#[tokio::test]
async fn whatever_is_answered_an_order_to_be_confirmed_is_paid_once_at_most() {
    let mut orders = 0;
    for platform in PLATFORMS {
        orders += all_answers(Mode::Confirmed, platform).await;
    }
    println!("{orders} orders");
}

#[tokio::test]
async fn whatever_is_answered_a_direct_order_is_paid_once_at_most() {
    let mut orders = 0;
    for platform in PLATFORMS {
        orders += all_answers(Mode::Direct, platform).await;
    }
    println!("{orders} orders");
}

/// What is lost, and what is answered when nobody listens any more: orders of both modes beside each other, and then the
/// questions for them.
async fn none_in_time(platform: (&str, &str)) {
    let submitting = Submitting::new().await;
    submitting.platform_is(platform.0, platform.1);
    let faults = || {
        [json!("lose"), json!("lose-answer"), json!({ "delay": 11_000 }), json!("nothing")]
            .map(says)
            .into_iter()
    };
    for mode in Mode::ALL {
        for nth in 0..4 {
            _ = submitting.submit(mode, &format!("{mode}-{nth}")).await;
        }
    }
    for what in ["the orders", "the questions"] {
        submitting.gate.fail_next(faults().chain(faults()));
        submitting.take_due().await;
        submitting.gate.fail_no_more();
        submitting.is_right(what).await;
    }
    let [_, _, direct] = submitting.calls();
    assert_eq!(direct, 4, "{platform:?}: each once");
    submitting.come_to_an_end().await;
    let [_, _, direct] = submitting.calls();
    assert_eq!(direct, 4, "{platform:?}: each once");
    for nth in 0..4 {
        // To be confirmed, it is sent until it is there.
        assert_eq!(submitting.order(&format!("confirmed-{nth}")).await.state, OrderState::Completed);
        let id = format!("direct-{nth}");
        let is_unclear = submitting.reasons(&id).await == ["submission-unclear"];
        assert_eq!(submitting.order(&id).await.state == OrderState::Reserved, is_unclear, "{id}");
    }
}

#[tokio::test]
async fn what_is_not_answered_in_time_is_paid_once_at_most() {
    tokio::join!(none_in_time(PLATFORMS[0]), none_in_time(PLATFORMS[1]), none_in_time(PLATFORMS[2]));
}

/// Nothing is sent to a platform that cannot be reached, and it is sent once that can.
#[tokio::test]
async fn a_platform_that_nothing_reaches_has_nothing() {
    for mode in Mode::ALL {
        let mut submitting = Submitting::new().await;
        let message = submitting.submit(mode, "w").await;
        let url = submitting.gate.url.clone();
        submitting.set(&[("WAAS_PLATFORM_URL", "http://127.0.0.1:9")]);
        for _ in 0..3 {
            submitting.take_later(&message).await;
        }
        submitting.let_the_limit_pass().await;
        submitting.take_later(&message).await;
        assert_eq!(submitting.reasons("w").await, ["submission"], "nothing is unclear: {mode}");
        submitting.set(&[("WAAS_PLATFORM_URL", url.as_str())]);
        submitting.come_to_an_end().await;
        assert_eq!(submitting.order("w").await.state, OrderState::Completed);
        assert_eq!(submitting.calls()[1..].iter().sum::<u64>(), 1, "{mode}");
    }
}
