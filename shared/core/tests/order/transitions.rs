//! The whole table, and that the document shows it.

use waas_callback::{
    Effect, Mode, Order, OrderEvent, OrderState, Refusal, StallCause, Standing, Transition, transition,
};

use Transition::{Alarm, Note, Refuse, Stay, To};

use crate::scene::reserved;

pub const STANDINGS: [Standing; 13] = [
    Standing::Absent,
    Standing::Reported,
    Standing::Reserved,
    Standing::Direct,
    Standing::UnderWay,
    Standing::Confirmed,
    Standing::Completed,
    Standing::CompletedUnproven,
    Standing::Failed,
    Standing::Cancelled,
    Standing::CompletedUnregistered,
    Standing::FailedUnregistered,
    Standing::Foreign,
];

const EVENTS: [OrderEvent; 7] = [
    OrderEvent::Register,
    OrderEvent::Cancel,
    OrderEvent::Confirm,
    OrderEvent::Complete,
    OrderEvent::Fail,
    OrderEvent::Stall,
    OrderEvent::Hold,
];

#[test]
fn the_table_is_this_one() {
    use OrderState::{Cancelled, Completed, Confirmed, Failed, Reported, Reserved};
    let unknown = Refuse(Refusal::UnknownOrder);
    let ended = |state| Refuse(Refusal::OrderEnded(state));
    let (paid, lost, gone) = (ended(Completed), ended(Failed), ended(Cancelled));
    let (under_way, direct) = (Refuse(Refusal::OrderUnderWay), Refuse(Refusal::OrderDirect));
    let (confirmed, foreign) = (Refuse(Refusal::OrderConfirmed), Refuse(Refusal::OtherTrackingId));
    let to = |state, effect| To(state, effect);
    let settles = to(Completed, Effect::Settle);
    let unfreezes = to(Failed, Effect::Unfreeze);
    let confirms = to(Confirmed, Effect::Nothing);
    #[rustfmt::skip]
    let expected = [
        // Register                      Cancel                           Confirm    Complete                        Fail                          Stall  Hold
        [to(Reserved, Effect::Freeze),   unknown,                         unknown,   to(Completed, Effect::Nothing), to(Failed, Effect::Nothing),  to(Reported, Effect::Nothing), unknown],
        [to(Reserved, Effect::Freeze),   unknown,                         unknown,   to(Completed, Effect::Nothing), to(Failed, Effect::Nothing),  Note,  unknown],
        [Stay,                           to(Cancelled, Effect::Unfreeze), confirms,  settles,                        unfreezes,                    Note,  Note],
        [Stay,                           under_way,                       direct,    settles,                        unfreezes,                    Note,  direct],
        [Stay,                           under_way,                       confirms,  settles,                        unfreezes,                    Note,  Note],
        [Stay,                           confirmed,                       Stay,      settles,                        unfreezes,                    Note,  confirmed],
        [Stay,                           paid,                            paid,      paid,                           paid,                         Stay,  paid],
        [Stay,                           paid,                            paid,      Note,                           paid,                         Stay,  paid],
        [lost,                           lost,                            lost,      lost,                           Stay,                         Stay,  lost],
        [gone,                           Stay,                            gone,      gone,                           Stay,                         Stay,  gone],
        [to(Completed, Effect::Charge),  paid,                            paid,      paid,                           paid,                         Stay,  paid],
        [to(Failed, Effect::Nothing),    lost,                            lost,      lost,                           Stay,                         Stay,  lost],
        [foreign,                        foreign,                         foreign,   foreign,                        Alarm,                        Alarm, foreign],
    ];
    for (standing, row) in STANDINGS.iter().zip(expected) {
        for (event, expected) in EVENTS.iter().zip(row) {
            assert_eq!(transition(*standing, *event), expected, "{standing:?} × {event:?}");
        }
    }
}

#[test]
fn an_orders_row_depends_on_state_mode_stall_and_pin() {
    use OrderState::{Completed, Confirmed, Failed, Reserved};
    let order = |state, mode, stalled, tracking_id: Option<&str>| Order {
        state,
        mode,
        stalled,
        tracking_id: tracking_id.map(str::to_owned),
        ..reserved()
    };
    let stalled = Some(StallCause::InsufficientGas);
    for (order, standing) in [
        (order(Reserved, Mode::Confirmed, None, None), Standing::Reserved),
        (order(Reserved, Mode::Confirmed, stalled, None), Standing::UnderWay),
        (order(Reserved, Mode::Confirmed, None, Some("t")), Standing::UnderWay),
        (order(Reserved, Mode::Direct, None, None), Standing::Direct),
        (order(Reserved, Mode::Direct, stalled, Some("t")), Standing::Direct),
        (order(Confirmed, Mode::Confirmed, stalled, Some("t")), Standing::Confirmed),
        (order(Completed, Mode::Direct, None, Some("t")), Standing::CompletedUnproven),
        (
            Order { tx_id: Some("tx".into()), ..order(Completed, Mode::Direct, None, Some("t")) },
            Standing::Completed,
        ),
        (order(Failed, Mode::Direct, None, Some("t")), Standing::Failed),
    ] {
        assert_eq!(order.standing(), standing);
        let foreign = if order.tracking_id.is_some() { Standing::Foreign } else { standing };
        assert_eq!(order.standing_for(Some("another")), foreign);
        assert_eq!(order.standing_for(Some("t")), standing);
        assert_eq!(order.standing_for(None), standing, "without a trackingId there is nothing to compare");
    }
}

#[test]
fn the_document_shows_the_same_table() {
    let document = include_str!("../../../../docs/ledger.md");
    let table =
        document.split_once("<!-- transitions -->").unwrap().1.split_once("<!-- /transitions -->").unwrap().0;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    let names: Vec<_> = EVENTS.iter().map(|event| format!("{event:?}")).collect();
    assert_eq!(rows[0][1..], names, "a column for each event");
    let rows = &rows[2..];
    assert_eq!(rows.len(), STANDINGS.len(), "a row for each standing");
    for (standing, row) in STANDINGS.iter().zip(rows) {
        assert_eq!(row[0], format!("{standing:?}"));
        for (event, cell) in EVENTS.iter().zip(&row[1..]) {
            let expected = match transition(*standing, *event) {
                To(next, effect) => format!("→ {next:?}, {}", format!("{effect:?}").to_lowercase()),
                Stay => "stays".to_owned(),
                Note => "stays, noted".to_owned(),
                Alarm => "stays, alarm".to_owned(),
                Refuse(refusal) => format!("refused: {}", refusal.name()),
            };
            assert_eq!(cell.replace('`', ""), expected, "{standing:?} × {event:?}");
        }
    }
}

#[test]
fn nothing_confirms_or_pays_an_order_that_ended() {
    use OrderState::{Cancelled, Completed, Failed};
    for (standing, end) in [
        (Standing::Completed, Completed),
        (Standing::Failed, Failed),
        (Standing::Cancelled, Cancelled),
        (Standing::CompletedUnregistered, Completed),
        (Standing::FailedUnregistered, Failed),
    ] {
        for event in [OrderEvent::Confirm, OrderEvent::Complete] {
            assert_eq!(
                transition(standing, event),
                Refuse(Refusal::OrderEnded(end)),
                "{standing:?} {event:?}"
            );
        }
        for event in EVENTS {
            if let To(next, _) = transition(standing, event) {
                assert_eq!(next, end, "an end is never exchanged for another");
            }
        }
    }
}
