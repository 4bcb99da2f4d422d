//! A condition with subqueries in disjunctive normal form, and the tags it gives to rows (protocol section 11).
//!
//! Each distinct test is a *position*. A tag has one slot a position: empty when its disjunct does not use the
//! position, `1` for a plain condition, a hash of the row's value for a membership.

use super::filter::Filter;
use super::subquery::{Subquery, Values};
use super::table::Row;
use super::transaction::Tables;

/// Most disjuncts a condition may have.
const MAX_DISJUNCTS: usize = 64;
/// What separates the slots of a tag.
const SLOT_SEPARATOR: &str = "/";
/// Slot of a plain condition.
const PLAIN_SLOT: &str = "1";

/// A test of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Plain {
        condition: Filter,
        negated: bool,
    },
    Member {
        column: String,
        negated: bool,
        /// Index into the plan's subqueries.
        subquery: usize,
    },
}

/// A normalised condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    positions: Vec<Test>,
    /// Positions that must all hold.
    disjuncts: Vec<Vec<usize>>,
    pub(crate) subqueries: Vec<Subquery>,
}

/// What a row's tags and conditions are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) tags: Vec<String>,
    pub(crate) active_conditions: Vec<bool>,
}

/// A condition or its negation.
type Literal<'a> = (&'a Filter, bool);

impl Plan {
    /// The plan of a condition, if it has subqueries.
    ///
    /// # Errors
    /// A sentence for a 400: too many disjuncts, or a subquery in both polarities.
    pub(crate) fn of(filter: &Filter) -> Result<Option<Self>, String> {
        if filter.subqueries().next().is_none() {
            return Ok(None);
        }
        let mut plan = Plan {
            positions: Vec::new(),
            disjuncts: Vec::new(),
            subqueries: Vec::new(),
        };
        for literals in normal_form(filter, false)? {
            let mut disjunct = Vec::new();
            for literal in literals {
                let position = plan.position(literal)?;
                if !disjunct.contains(&position) {
                    disjunct.push(position);
                }
            }
            plan.disjuncts.push(disjunct);
        }
        Ok(Some(plan))
    }

    fn position(&mut self, (atom, negated): Literal<'_>) -> Result<usize, String> {
        let test = match atom {
            Filter::In { column, subquery } => {
                let known = self
                    .subqueries
                    .iter()
                    .position(|known| known == &**subquery);
                let index = known.unwrap_or_else(|| {
                    self.subqueries.push((**subquery).clone());
                    self.subqueries.len() - 1
                });
                if known.is_some() && self.is_negated(index) != negated {
                    return Err(
                        "the same subquery cannot be used with both IN and NOT IN".to_owned()
                    );
                }
                Test::Member {
                    column: column.clone(),
                    negated,
                    subquery: index,
                }
            }
            condition => Test::Plain {
                condition: condition.clone(),
                negated,
            },
        };
        let known = self.positions.iter().position(|known| *known == test);
        Ok(known.unwrap_or_else(|| {
            self.positions.push(test);
            self.positions.len() - 1
        }))
    }

    /// Whether the subquery stands under NOT. It has one polarity throughout.
    pub(crate) fn is_negated(&self, subquery: usize) -> bool {
        self.positions.iter().any(|test| {
            matches!(test, Test::Member { subquery: index, negated: true, .. } if *index == subquery)
        })
    }

    /// The positions that test membership in the subquery.
    pub(crate) fn positions_of(&self, subquery: usize) -> impl Iterator<Item = usize> {
        let of = move |test: &Test| matches!(test, Test::Member { subquery: index, .. } if *index == subquery);
        let positions = self.positions.iter().enumerate();
        positions.filter_map(move |(position, test)| of(test).then_some(position))
    }

    /// What the subqueries select now.
    pub(crate) fn views(&self, tables: &Tables) -> Vec<Values> {
        let subqueries = self.subqueries.iter();
        subqueries.map(|subquery| subquery.values(tables)).collect()
    }

    /// Which positions hold, negation applied.
    pub(crate) fn active(&self, row: &Row, views: &[Values]) -> Vec<bool> {
        let holds = |test: &Test| match test {
            Test::Plain { condition, negated } => condition.evaluate(row) == Some(!negated),
            Test::Member {
                column,
                negated,
                subquery,
            } => match row.get(column).and_then(Option::as_deref) {
                Some(value) => views[*subquery].contains(value) != *negated,
                None => false,
            },
        };
        self.positions.iter().map(holds).collect()
    }

    /// Whether a row whose positions hold so is in the shape.
    pub(crate) fn includes(&self, active: &[bool]) -> bool {
        let mut disjuncts = self.disjuncts.iter();
        disjuncts.any(|disjunct| disjunct.iter().all(|&position| active[position]))
    }

    /// The marks of a row. `seed` makes hashes differ from shape to shape.
    pub(crate) fn marks(&self, row: &Row, views: &[Values], seed: &str) -> Marks {
        let tag = |disjunct: &Vec<usize>| {
            let slots = self.positions.iter().enumerate().map(|(position, test)| {
                match (disjunct.contains(&position), test) {
                    (false, _) => String::new(),
                    (true, Test::Plain { .. }) => PLAIN_SLOT.to_owned(),
                    (true, Test::Member { column, .. }) => {
                        hash(seed, row.get(column).and_then(Option::as_deref))
                    }
                }
            });
            slots.collect::<Vec<_>>().join(SLOT_SEPARATOR)
        };
        let mut tags: Vec<String> = Vec::new();
        for tag in self.disjuncts.iter().map(tag) {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Marks {
            tags,
            active_conditions: self.active(row, views),
        }
    }
}

/// The slot of a value: 32 hex digits, FNV-1a where the service has MD5. NULL and text have namespaces of their own.
pub(crate) fn hash(seed: &str, value: Option<&str>) -> String {
    let space = if value.is_some() { "v:" } else { "NULL" };
    let text = [seed, space, value.unwrap_or_default()].concat();
    let fold = |hash: u128, byte: u8| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    };
    let hash = text
        .bytes()
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, fold);
    format!("{hash:032x}")
}

/// The disjuncts of a condition, or of its negation.
fn normal_form(filter: &Filter, negated: bool) -> Result<Vec<Vec<Literal<'_>>>, String> {
    let disjuncts = match (filter, negated) {
        (Filter::Not(inner), _) => normal_form(inner, !negated)?,
        (Filter::Or(left, right), false) | (Filter::And(left, right), true) => {
            let mut disjuncts = normal_form(left, negated)?;
            disjuncts.extend(normal_form(right, negated)?);
            disjuncts
        }
        (Filter::And(left, right), false) | (Filter::Or(left, right), true) => {
            let rights = normal_form(right, negated)?;
            let mut disjuncts = Vec::new();
            for left in normal_form(left, negated)? {
                for right in &rights {
                    disjuncts.push([left.as_slice(), right.as_slice()].concat());
                }
            }
            disjuncts
        }
        (atom, negated) => vec![vec![(atom, negated)]],
    };
    match disjuncts.len() > MAX_DISJUNCTS {
        true => Err("the condition has too many alternatives".to_owned()),
        false => Ok(disjuncts),
    }
}
