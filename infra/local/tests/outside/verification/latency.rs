//! How long it takes from a callback to what it gives being available, with the platform beside.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::*;

const DEPOSITS: usize = 300;

fn quantile(durations: &mut [Duration], of_hundred: usize) -> Duration {
    durations.sort_unstable();
    durations[(durations.len() * of_hundred).div_ceil(100) - 1]
}

/// Through the binaries as they are built, with everything on this machine: what is measured is this stack, and neither
/// AWS's bus and queue nor the platform's network. `-- --ignored --nocapture verification::latency`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn how_long_it_takes_from_a_callback_to_available() {
    for (is_known, what) in [(true, "address known"), (false, "address asked for")] {
        let verifying = Verifying::new().await;
        let [mut answered, mut asked, mut whole] = [const { Vec::<Duration>::new() }; 3];
        verifying.fund("user", "1").await;
        for nth in 0..DEPOSITS {
            let user = if is_known { "user".to_owned() } else { format!("user-{nth}") };
            if !is_known {
                verifying.make_known(&user).await;
            }
            let deposit = deposit_at(&address_of(&user), &user, &format!("tx-{nth}"), "1");
            verifying.gate.add(json!({ "deposits": [deposit] }));
            let sending = verifying.gate.simulator().due(verifying.gate.now()).pop().unwrap();
            let (worker, _) = verifying.function(WORKER).await;
            let callback = Instant::now();
            let exchange = verifying.post("deposit", &sending.body).await;
            answered.push(callback.elapsed());
            // The bus's rule hands it over.
            let case_key = verifying.question_of(&sending.request).await;
            let question = Instant::now();
            let answer = worker.invoke_raw(batch(&[json!({ "caseKey": case_key })])).await.unwrap();
            asked.push(question.elapsed());
            whole.push(callback.elapsed());
            assert_eq!((verdict(&exchange), &answer["batchItemFailures"]), (ACCEPTED, &json!([])));
            verifying.gate.simulator().answered(verifying.gate.now(), sending.number, Some(&exchange));
        }
        assert_eq!(verifying.outcomes().await["credited"], DEPOSITS + 1);
        println!("{what}, {DEPOSITS} deposits one after the other, p50 and p99:");
        for (part, durations) in [
            ("the callback", &mut answered),
            ("the worker", &mut asked),
            ("callback to available", &mut whole),
        ] {
            println!("  {part}: {:.1?} {:.1?}", quantile(durations, 50), quantile(durations, 99));
        }
    }
}
