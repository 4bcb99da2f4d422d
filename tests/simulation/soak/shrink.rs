//! A history that fails, with as few actions as possible.

/// The shortest list found that still fails. First the end is cut off, then parts are left out, smaller and smaller ones.
pub(super) fn shrink(
    actions: &[usize],
    tries: usize,
    fails: impl Fn(&[usize]) -> bool,
) -> Vec<usize> {
    let mut left = tries;
    let mut fails = |actions: &[usize]| {
        left = left.saturating_sub(1);
        left > 0 && fails(actions)
    };
    let mut shortest = cut(actions, &mut fails);
    let mut part = shortest.len().div_ceil(2);
    while part > 0 {
        let mut from = 0;
        while from < shortest.len() {
            let to = (from + part).min(shortest.len());
            let without = [&shortest[..from], &shortest[to..]].concat();
            if fails(&without) {
                shortest = without;
            } else {
                from = to;
            }
        }
        part /= 2;
    }
    shortest
}

/// The shortest beginning that fails, as far as halving finds it.
fn cut(actions: &[usize], fails: &mut impl FnMut(&[usize]) -> bool) -> Vec<usize> {
    let (mut passes, mut fails_at) = (0, actions.len());
    while passes + 1 < fails_at {
        let middle = passes.midpoint(fails_at);
        if fails(&actions[..middle]) {
            fails_at = middle;
        } else {
            passes = middle;
        }
    }
    actions[..fails_at].to_vec()
}

#[test]
fn what_is_left_is_what_matters() {
    let all: Vec<usize> = (0..60).collect();
    let needs = |actions: &[usize]| [3, 17, 41].iter().all(|one| actions.contains(one));
    assert_eq!(shrink(&all, 1_000, needs), [3, 17, 41]);
}
