//! What holds whatever is submitted.

use proptest::prelude::*;

use super::*;

type Stated = (Option<Power>, Option<Power>);

fn any_limit() -> impl Strategy<Value = GridLimit> {
    let power = || proptest::option::of((0_u8..6).prop_map(|kw| Power::from_kw(f64::from(kw))));
    let pieces = proptest::collection::vec((0_i64..20, 1_i64..20, power(), power()), 1..6);
    let kind =
        prop_oneof![4 => Just(LimitKind::Scheduled), 1 => Just(LimitKind::Emergency), 1 => Just(LimitKind::Test)];
    let who = (0_u8..2, 0_u8..2, 0_u8..4);
    let priority = proptest::option::of(1_i32..4);
    (who, kind, pieces, priority).prop_map(|((utility, programme, withdrawn), kind, pieces, priority)| {
        let mut start = -10;
        let intervals = pieces.into_iter().map(|(gap, length, import, export)| {
            let interval = window(start + gap, start + gap + length);
            start += gap + length;
            LimitInterval { interval, maximum_import_w: import, maximum_export_w: export }
        });
        let cancelled_at = (withdrawn == 0).then(|| at(0));
        let (utility, programme) = (format!("u{utility}"), format!("p{programme}"));
        let terms = Terms { priority: priority.filter(|_| kind != LimitKind::Emergency), ..Terms::default() };
        GridLimit { intervals: intervals.collect(), utility, programme, kind, terms, cancelled_at, ..limit("", 0, &[]) }
    })
}

/// Limits with distinct ids and revisions that rise.
fn any_limits() -> impl Strategy<Value = Vec<GridLimit>> {
    proptest::collection::vec(any_limit(), 0..8).prop_map(|limits| {
        let named =
            |(revision, limit): (i64, GridLimit)| GridLimit { id: format!("l{revision}").into(), revision, ..limit };
        (1..).zip(limits).map(named).collect()
    })
}

/// The rule by its words, for one instant and limits of one place, without timelines.
fn plainly(limits: &[GridLimit], capacity: Option<Power>, minimum: Power, at: DateTime<Utc>) -> Stated {
    let mut winners: BTreeMap<_, (_, &GridLimit, LimitInterval)> = BTreeMap::new();
    for limit in limits.iter().filter(|limit| limit.kind != LimitKind::Test && limit.cancelled_at.is_none()) {
        let lane = (&limit.utility, &limit.programme, limit.kind == LimitKind::Emergency);
        let rank = (limit.terms.priority.unwrap_or(i32::MAX), -limit.revision);
        for item in limit.intervals.iter().filter(|item| item.interval.contains(at)) {
            let winner = winners.entry(lane).or_insert((rank, limit, *item));
            if rank <= winner.0 {
                *winner = (rank, limit, *item);
            }
        }
    }
    let imports = winners.values().filter_map(|(_, limit, item)| {
        let stated = item.maximum_import_w?;
        Some(if limit.kind == LimitKind::Emergency { stated } else { stated.max(minimum) })
    });
    let import = imports.chain(capacity).min();
    (import, winners.values().filter_map(|(_, _, item)| item.maximum_export_w).min())
}

fn any_power() -> impl Strategy<Value = Option<Power>> {
    proptest::option::of((0_u8..6).prop_map(|kw| Power::from_kw(f64::from(kw))))
}

fn powers(piece: &EffectiveInterval) -> Stated {
    let power = |bound: &Option<(Power, Basis)>| bound.as_ref().map(|(power, _)| *power);
    (power(&piece.maximum_import_w), power(&piece.maximum_export_w))
}

fn holding(pieces: &[EffectiveInterval], minute: i64) -> Stated {
    powers(pieces.iter().find(|piece| piece.interval.contains(at(minute))).unwrap())
}

/// A place with everything that can bear on it: two areas' limits, safe modes, a minimum, random starts.
#[derive(Debug, Clone)]
struct Scene {
    limits: Vec<GridLimit>,
    capacities: Vec<Option<Power>>,
    minimum: Option<Power>,
    safe_modes: Vec<(Option<Power>, Option<i64>)>,
}

const MEMBERS: [&str; 3] = [SITE, "site-b", "site-c"];

fn any_scene() -> impl Strategy<Value = Scene> {
    let targets = proptest::collection::vec((0_u8..3, prop_oneof![Just(0_u32), Just(700)]), 8);
    let safe_modes = proptest::collection::vec((any_power(), proptest::option::of(-20_i64..100)), 0..2);
    (any_limits(), targets, proptest::collection::vec(any_power(), 3), any_power(), safe_modes).prop_map(
        |(mut limits, targets, capacities, minimum, safe_modes)| {
            for (limit, (target, randomize_start_s)) in limits.iter_mut().zip(targets) {
                limit.terms.randomize_start_s = randomize_start_s;
                if target > 0 {
                    limit.target = AreaId::new(format!("area-{target}")).into();
                }
            }
            Scene { limits, capacities, minimum, safe_modes }
        },
    )
}

impl Scene {
    fn book(&self) -> LimitBook {
        let mut book = book(self.limits.clone());
        for (node, capacity) in MEMBERS.into_iter().zip(&self.capacities) {
            book.set_capacity(node.into(), *capacity, None);
        }
        for (index, (import, since)) in self.safe_modes.iter().enumerate() {
            let safe_mode = SafeMode { maximum_import_w: *import, ..safe_modes::import(0.0) };
            book.set_safe_mode(SITE.into(), format!("u{index}"), safe_mode, since.map(at));
        }
        if let Some(minimum) = self.minimum {
            book.set_guaranteed_minimum(SITE.into(), minimum);
        }
        book.set_area("area-1".into(), MEMBERS.map(NodeId::from).to_vec());
        book.set_area("area-2".into(), vec![SITE.into(), "site-b".into()]);
        book
    }
}

proptest! {
    #[test]
    fn the_pieces_cover_the_window_and_say_what_the_rule_says(
        limits in any_limits(),
        start in -20_i64..100,
        length in 1_i64..100,
        capacity in any_power(),
        minimum in any_power(),
    ) {
        let mut book = book(limits.clone());
        book.set_capacity(SITE.into(), capacity, None);
        let minimum = minimum.unwrap_or_default();
        book.set_guaranteed_minimum(SITE.into(), minimum);
        let window = window(start, start + length);
        let pieces = book.effective(&SITE.into(), window);
        prop_assert_eq!(pieces[0].interval.start, window.start);
        prop_assert_eq!(pieces[pieces.len() - 1].interval.end, window.end);
        prop_assert!(pieces.iter().all(|piece| piece.interval.start < piece.interval.end));
        for pair in pieces.windows(2) {
            prop_assert_eq!(pair[0].interval.end, pair[1].interval.start);
            let same = (&pair[0].maximum_import_w, &pair[0].maximum_export_w)
                == (&pair[1].maximum_import_w, &pair[1].maximum_export_w);
            prop_assert!(!same, "neighbours that are equal are one piece");
        }
        for minute in start..start + length {
            let plain = plainly(&limits, capacity, minimum, at(minute));
            prop_assert_eq!(holding(&pieces, minute), plain, "at minute {}", minute);
        }
    }

    #[test]
    fn a_source_states_the_number_it_is_named_for(limits in any_limits()) {
        let book = book(limits.clone());
        for piece in book.effective(&SITE.into(), window(-10, 100)) {
            let Some((power, Basis::Limit(id))) = piece.maximum_import_w else { continue };
            let source = limits.iter().find(|limit| limit.id == id).unwrap();
            let item = source.intervals.iter().find(|item| item.interval.contains(piece.interval.start)).unwrap();
            prop_assert_eq!(item.maximum_import_w, Some(power));
        }
    }
    #[test]
    fn whatever_bears_on_a_place_its_pieces_cover_the_window(scene in any_scene(), start in -20_i64..100, length in 1_i64..100) {
        let book = scene.book();
        for target in book.targets() {
            let mut edge = at(start);
            for piece in book.effective_of(&target, window(start, start + length)) {
                prop_assert_eq!(piece.interval.start, edge);
                prop_assert!(piece.interval.end > edge);
                edge = piece.interval.end;
            }
            prop_assert_eq!(edge, at(start + length));
        }
    }

    #[test]
    fn the_shares_of_the_members_never_exceed_the_areas_limit(scene in any_scene(), limit_w in 0.0..1e6) {
        let mut scene = Scene { minimum: None, ..scene };
        scene.limits.clear();
        let mut all = limit("all", 1, &[(0, 60, limit_w)]);
        all.target = AreaId::from("area-1").into();
        scene.limits.push(all);
        let book = scene.book();
        let shares = MEMBERS.map(|node| book.share_of(&"area-1".into(), &node.into()).unwrap().as_ratio());
        prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let together: Power =
            MEMBERS.iter().map(|node| holding(&book.effective(&(*node).into(), window(0, 60)), 30).0.unwrap()).sum();
        prop_assert!(together.as_w() <= limit_w, "{together} of {limit_w} W");
    }

    #[test]
    fn an_emergency_never_raises_anything(scene in any_scene(), emergency in any_limit(), area in any::<bool>()) {
        // A newer emergency replaces older ones, looser or not: it is the first.
        let scheduled = scene.limits.iter().filter(|limit| limit.kind != LimitKind::Emergency).cloned();
        let scene = Scene { limits: scheduled.collect(), ..scene };
        let (before, mut after) = (scene.book(), scene.book());
        let target = if area { AreaId::from("area-1").into() } else { site() };
        after.enter(GridLimit { id: "now".into(), revision: 99, kind: LimitKind::Emergency, target, ..emergency });
        let all = window(-10, 100);
        for node in MEMBERS {
            let (before, after) = (before.effective(&node.into(), all), after.effective(&node.into(), all));
            for minute in -10..100 {
                let (before, after) = (holding(&before, minute), holding(&after, minute));
                for (before, after) in [(before.0, after.0), (before.1, after.1)] {
                    let Some(before) = before else { continue };
                    prop_assert!(after.is_some_and(|after| after <= before), "{after:?} after {before:?} at {minute}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_ever_above_a_stated_limit_that_nothing_replaced(scene in any_scene()) {
        let book = scene.book();
        let pieces = book.effective(&SITE.into(), window(-10, 100));
        let minimum = scene.minimum.unwrap_or_default();
        for limit in book.limits_of(&site()).filter(|limit| limit.kind != LimitKind::Test) {
            let alone = scene.limits.iter().all(|other| {
                let same = (&other.utility, &other.programme, &other.target) == (&limit.utility, &limit.programme, &limit.target);
                !same || other.id == limit.id
            });
            if !alone || limit.terms.randomize_start_s > 0 {
                continue;
            }
            for item in &limit.intervals {
                let Some(stated) = item.maximum_import_w else { continue };
                for minute in -10..100 {
                    if item.interval.contains(at(minute)) {
                        let held = holding(&pieces, minute).0;
                        prop_assert!(held.is_some_and(|held| held <= stated.max(minimum)));
                    }
                }
            }
        }
    }
}
