//! Checks that harvests do not allocate.

use allocation_counter::measure;
use portcullis::{
    harvest::{HarvestBatch, HarvestColumns, Market, Position, harvest, harvest_batch},
    policy::PolicyState,
};

use crate::samples::{calm, long, now, policy, short};

#[test]
fn single_call_does_not_allocate() {
    let policy = policy();
    let unreadable = Position {
        entry_price: Some(f64::NAN),
        ..long()
    };
    let empty = Market {
        sigma: None,
        ..calm()
    };
    for position in [long(), short(), unreadable] {
        for market in [Some(&calm()), Some(&empty), None] {
            let info = measure(|| {
                let state = PolicyState::present(&policy);
                std::hint::black_box(harvest(state, &position, market, now()));
            });
            assert_eq!(info.count_total, 0);
        }
    }
}

#[test]
fn batch_with_capacity_does_not_allocate() {
    let policy = policy();
    let theta = policy.theta_in_force(now()).unwrap();
    let mut columns = HarvestColumns::new();
    let mut batch = HarvestBatch::new();
    let fill = |columns: &mut HarvestColumns| {
        for _ in 0..300 {
            columns.push(&long(), Some(&calm()));
        }
    };
    fill(&mut columns);
    harvest_batch(theta, &columns, &mut batch);
    let info = measure(|| {
        columns.clear();
        fill(&mut columns);
        harvest_batch(theta, &columns, &mut batch);
    });
    assert_eq!(info.count_total, 0);
}

/// The first batch allocates each of its five columns once, at full size.
#[test]
fn first_batch_allocates_once_per_column() {
    let policy = policy();
    let theta = policy.theta_in_force(now()).unwrap();
    let mut columns = HarvestColumns::new();
    for _ in 0..1_000 {
        columns.push(&long(), Some(&calm()));
    }
    let mut batch = HarvestBatch::new();
    let info = measure(|| harvest_batch(theta, &columns, &mut batch));
    assert_eq!(info.count_total, 5);
}
