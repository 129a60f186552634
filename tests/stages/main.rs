//! Roll-overs under a model of caches that remember whatever they may (`model.rs`).

mod model;
mod plans;

use mailctl::plan::document::MtaStsMode;
use model::{Fault, Model, Op, SERVERS};
use plans::Shape;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn shape() -> impl Strategy<Value = Shape> {
    use MtaStsMode::{Enforce, None, Testing};
    let mode = prop_oneof![3 => Just(Enforce), 1 => Just(Testing), 1 => Just(None)];
    let policy = proptest::option::weighted(0.7, (mode, prop_oneof![Just(200_u64), Just(700)]));
    let sign = prop_oneof![Just(vec![1]), Just(vec![2]), Just(vec![1, 2]), Just(vec![2, 3])];
    let publish = prop_oneof![Just(vec![]), Just(vec![1]), Just(vec![2])];
    let ttl = prop_oneof![Just(30_u32), Just(60)];
    (1..=2_u8, any::<bool>(), policy, sign, publish, 0..3_usize, ttl).prop_map(
        |(host, dane, policy, sign, publish, dmarc, ttl)| Shape { host, dane, policy, sign, publish, dmarc, ttl },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let wait =
        prop_oneof![1..20_u32, Just(30), Just(59), Just(60), Just(61), Just(89), Just(121), Just(400), Just(701)];
    prop_oneof![
        2 => shape().prop_map(Op::Apply),
        1 => (0..5_usize).prop_map(Op::Crash),
        1 => (0..SERVERS).prop_map(Op::Deaf),
        2 => Just(Op::Key),
        3 => Just(Op::Push),
        4 => Just(Op::Send),
        8 => (0..SERVERS).prop_map(Op::Sync),
        10 => Just(Op::Tick),
        10 => wait.prop_map(Op::Wait),
    ]
}

fn story() -> impl Strategy<Value = (Shape, bool, Vec<Op>)> {
    (shape(), any::<bool>(), proptest::collection::vec(op(), 1..90))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// I-24: whatever happens in whatever order, no correct sender can see what refuses us.
    #[test]
    fn no_cache_can_make_a_correct_sender_refuse((first, by_hand, ops) in story()) {
        let mut model = Model::new(&first, by_hand, None);
        model.run(&ops).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Once everybody has done his part the world is the plan, and nothing is under way.
    #[test]
    fn every_roll_over_ends((first, by_hand, ops) in story()) {
        let mut model = Model::new(&first, by_hand, None);
        model.run(&ops).map_err(TestCaseError::fail)?;
        model.come_to_rest().map_err(TestCaseError::fail)?;
    }
}

/// Each fault is noticed by some story, or the tests above could not fail.
#[track_caller]
fn noticed(fault: Fault, kind: &str) {
    let mut runner = TestRunner::deterministic();
    let mut found = Vec::new();
    for _ in 0..4000 {
        let (first, by_hand, ops) = story().new_tree(&mut runner).unwrap().current();
        if let Err(why) = Model::new(&first, by_hand, Some(fault)).run(&ops) {
            if why.contains(kind) {
                return;
            }
            found.push(why);
        }
    }
    panic!("the model does not notice {fault:?}: {found:#?}");
}

/// One story that is fine, and not with the fault.
#[track_caller]
fn noticed_in(fault: Fault, kind: &str, first: &Shape, ops: &[Op]) {
    assert_eq!(Model::new(first, false, None).run(ops), Ok(()));
    let why = Model::new(first, false, Some(fault)).run(ops).unwrap_err();
    assert!(why.contains(kind), "{why}");
}

const FIRST: Shape = Shape {
    host: 1,
    dane: true,
    policy: Some((MtaStsMode::Enforce, 200)),
    sign: Vec::new(),
    publish: Vec::new(),
    dmarc: 0,
    ttl: 60,
};

/// A plan is applied, and everybody does his part while mail is sent all the time.
fn applied(shape: Shape, turns: usize, wait: u32) -> Vec<Op> {
    let mut ops = vec![Op::Send, Op::Apply(shape)];
    for _ in 0..turns {
        ops.push(Op::Tick);
        ops.extend((0..SERVERS).map(Op::Sync));
        ops.extend([Op::Send, Op::Tick, Op::Wait(wait)]);
    }
    ops
}

#[test]
fn the_model_catches_a_key_that_is_served_at_once() {
    noticed(Fault::KeyAtOnce, "DANE");
}

#[test]
fn the_model_catches_one_ttl_in_place_of_two() {
    noticed(Fault::TtlHalved, "DANE");
    noticed(Fault::TtlHalved, "DKIM");
}

#[test]
fn the_model_catches_who_takes_one_server_for_all() {
    noticed(Fault::SightOfOne, "DANE");
    noticed(Fault::SightOfOne, "DKIM");
}

#[test]
fn the_model_catches_who_does_not_look() {
    noticed(Fault::Unseen, "DANE");
}

#[test]
fn the_model_catches_stages_that_do_not_survive() {
    noticed(Fault::Forgets, "DANE");
}

#[test]
fn the_model_catches_an_id_before_its_policy() {
    noticed(Fault::PolicyUnserved, "the id");
}

#[test]
fn the_model_catches_a_selector_that_goes_while_mail_is_on_its_way() {
    let first = Shape { sign: vec![1], ..FIRST };
    let ops = applied(Shape { sign: vec![2], ..FIRST }, 40, 20);
    noticed_in(Fault::LifetimeHalved, "DKIM", &first, &ops);
}

#[test]
fn the_model_catches_who_forgets_policies_before_senders_do() {
    let ops = applied(Shape { host: 2, ..FIRST }, 60, 10);
    noticed_in(Fault::PolicyForgotten, "MTA-STS", &FIRST, &ops);
}
