//! Shapes that show their changes together: their answers are held until all of the group are as far, and then shown
//! in one transaction. The rule stands in [`crate::shape::moment`].

use super::rejecting::Rejected;
use super::runner::ShapeRunner;
use super::{Effect, Engine, Purpose, begin, timer};
use crate::error::{Error, Result};
use crate::ids::{Lsn, Millis, TransactionId};
use crate::schema::TableSchema;
use crate::shape::Event;
use crate::shape::message::{self, Message};
use crate::shape::moment::{Frontier, Round, common, is_over, positions};
use crate::shape::protocol::{GROUP_ROUND_CAP_MS, GROUP_ROUND_START_MS};
use crate::store::apply::{Applied, Target, apply};
use crate::store::transactions::{self, Touched};
use crate::store::{changes, held, shapes};
use crate::tabs::TransactionRecord;

/// The groups that wait for something.
pub(super) type Groups = Vec<Group>;

/// What is asked of a group's shapes so that they come to one moment.
#[derive(Debug, Default)]
pub(super) struct Group {
    name: String,
    round: Option<Round>,
    /// The last answer that was held when the round began.
    covered: i64,
    /// Rounds in a row that did not suffice.
    rounds: u32,
    /// The timer before the next one runs.
    waits: bool,
}

/// What became of an attempt to show a moment.
enum Shown {
    Whole,
    /// An update of this shape met no row, or what is held of it is wrong.
    RowsAreMissing(usize),
}

impl Engine {
    /// A shape of the group has come further, or left it: shows what can be shown, and asks for what is missing.
    pub(super) fn advance_group(&mut self, now: Millis, rng: &mut fastrand::Rng, at: usize) {
        let Some(name) = self.shapes[at].group.clone() else {
            return;
        };
        let members = self.members_of(&name);
        let frontiers: Option<Vec<Frontier>> =
            members.iter().map(|at| self.shapes[*at].frontier).collect();
        // A shape that was not up to date in this session can say nothing of any moment.
        let Some(frontiers) = frontiers.filter(|frontiers| !frontiers.is_empty()) else {
            return;
        };
        let shown = match self.moment(&name, &members, &frontiers) {
            Ok(Some(upto)) => self.show_moment(&members, upto),
            Ok(None) => self
                .has_more(&members, &frontiers)
                .map(|more| (more, Shown::Whole)),
            Err(error) => Err(error),
        };
        for member in members {
            self.settle_awaiting(now, rng, member);
        }
        match shown {
            Ok((_, Shown::RowsAreMissing(at))) => self.shape(now, rng, at, Event::Refetch),
            Ok((true, Shown::Whole)) => self.wait_for_round(now, &name),
            Ok((false, Shown::Whole)) => {
                self.groups.retain(|group| group.name != name);
            }
            Err(error) => {
                self.effects_failed(&error);
                self.wait_for_round(now, &name);
            }
        }
    }

    /// Up to where the group's changes can be shown, if its round is over.
    fn moment(
        &mut self,
        name: &str,
        members: &[usize],
        frontiers: &[Frontier],
    ) -> Result<Option<Lsn>> {
        if let [alone] = frontiers {
            return Ok(Some(alone.lsn));
        }
        let group = self.group(name);
        let covered = group.covered;
        let Some(round) = group.round.take_if(|round| is_over(frontiers, round)) else {
            return Ok(None);
        };
        group.rounds += 1;
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for at in members {
            for held in held::of_shape(&self.conn, self.shapes[*at].id)? {
                let messages = message::parse(&held.body)?;
                let positions = positions(&messages).into_iter();
                let news = positions.filter(|position| held.shown < Some(*position));
                if held.id <= covered {
                    early.extend(news);
                } else {
                    late.extend(news);
                }
            }
        }
        Ok(Some(common(frontiers, &round, &early, &late)))
    }

    fn has_more(&mut self, members: &[usize], frontiers: &[Frontier]) -> Result<bool> {
        for at in members {
            let shape = &self.shapes[*at];
            if shape.complete || held::has_any(&self.conn, shape.id)? {
                return Ok(true);
            }
        }
        self.has_passed_a_write(members, frontiers)
    }

    /// Whether a write waits for a moment alone: it left nothing to hold, and the position of all is at or past it.
    fn has_passed_a_write(&mut self, members: &[usize], frontiers: &[Frontier]) -> Result<bool> {
        if self.count_outstanding()?.pending == 0 {
            return Ok(false);
        }
        let least = frontiers.iter().map(|frontier| frontier.lsn).min();
        let by = self.config.confirm_by();
        for (at, frontier) in members.iter().zip(frontiers) {
            let shape = &self.shapes[*at];
            for id in shape.passed(&self.conn, frontier.attempt, least, by)? {
                let is_shown = shape.seen.contains(&id);
                if !is_shown && changes::has_unseen(&self.conn, id, &shape.table)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The natural answers had their time: every shape is asked once more.
    pub(super) fn begin_rounds(&mut self, now: Millis, rng: &mut fastrand::Rng) {
        let waiting: Vec<String> = self
            .groups
            .iter_mut()
            .filter_map(|group| std::mem::take(&mut group.waits).then(|| group.name.clone()))
            .collect();
        for name in waiting {
            let members = self.members_of(&name);
            let frontiers = members.iter().filter_map(|at| self.shapes[*at].frontier);
            let target = frontiers.map(|frontier| frontier.lsn).max();
            let begun = members
                .iter()
                .filter_map(|at| Some(self.shapes[*at].machine.as_ref()?.last_attempt()))
                .collect();
            let covered = held::last(&self.conn).unwrap_or_default();
            let group = self.group(&name);
            group.covered = covered;
            group.round = Some(Round {
                target: target.unwrap_or_default(),
                begun,
            });
            for at in members {
                self.shape(now, rng, at, Event::Refresh);
            }
        }
    }

    /// A shape that is in no group any more shows what comes at once, so what is held would come too late: its log is
    /// read anew.
    pub(super) fn leave_nothing_held(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
    ) -> Result<()> {
        let shape = &self.shapes[at];
        if shape.group.is_none() && held::has_any(&self.conn, shape.id)? {
            self.shape(now, rng, at, Event::Refetch);
        }
        Ok(())
    }

    fn wait_for_round(&mut self, now: Millis, name: &str) {
        let group = self.group(name);
        if group.waits || group.round.is_some() {
            return;
        }
        group.waits = true;
        let delay = (GROUP_ROUND_START_MS << group.rounds.min(8)).min(GROUP_ROUND_CAP_MS);
        self.effects
            .push(Effect::SetTimer(timer::GROUPS, now.after(delay)));
    }

    fn group(&mut self, name: &str) -> &mut Group {
        let known = self.groups.iter().position(|group| group.name == name);
        let at = known.unwrap_or_else(|| {
            self.groups.push(Group {
                name: name.to_owned(),
                ..Group::default()
            });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }

    fn members_of(&self, name: &str) -> Vec<usize> {
        let of_group = |at: &usize| {
            let shape = &self.shapes[*at];
            shape.group.as_deref() == Some(name) && shape.machine.is_some()
        };
        (0..self.shapes.len()).filter(of_group).collect()
    }

    /// Shows all changes up to a position, in one transaction; whether some are left.
    fn show_moment(&mut self, members: &[usize], upto: Lsn) -> Result<(bool, Shown)> {
        if upto < self.least_moment(members)? {
            return Ok((true, Shown::Whole));
        }
        let known: Vec<_> = members
            .iter()
            .map(|at| self.session.table(&self.shapes[*at].table))
            .collect();
        let shown = self.show_in_transaction(members, upto);
        match shown {
            Ok((is_left, Ok(changes))) => {
                for (change, before) in changes.into_iter().zip(known) {
                    self.announce_moment(change, before.as_deref());
                }
                Ok((is_left, Shown::Whole))
            }
            other => {
                // The tables went back with the transaction, so must what we know of them.
                for (at, table) in members.iter().zip(known) {
                    let name = self.shapes[*at].table.clone();
                    self.session.set_table(&name, table);
                }
                match other {
                    Ok((is_left, Err(at))) => Ok((is_left, Shown::RowsAreMissing(at))),
                    Ok((is_left, Ok(_))) => Ok((is_left, Shown::Whole)),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Where a log that loaded can take the place of its rows: not before it was complete itself, and not before what the others have shown.
    /// An answer that was kept on its way can end it earlier than that.
    fn least_moment(&self, members: &[usize]) -> Result<Lsn> {
        let (loaded, others): (Vec<&ShapeRunner>, Vec<&ShapeRunner>) = members
            .iter()
            .map(|at| &self.shapes[*at])
            .partition(|shape| shape.complete);
        let mut least = Lsn::default();
        if let Some(complete_at) = loaded.iter().map(|shape| shape.complete_at).max() {
            least = complete_at;
            for shape in others {
                least = least.max(shapes::shown(&self.conn, shape.id)?);
            }
        }
        Ok(least)
    }

    /// Whether something is left, and what changed for each member or which one misses rows.
    #[allow(
        clippy::type_complexity,
        reason = "two outcomes of one transaction, read in one place"
    )]
    fn show_in_transaction(
        &self,
        members: &[usize],
        upto: Lsn,
    ) -> Result<(bool, Result<Vec<Change>, usize>)> {
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        let mut is_left = false;
        let mut changes = Vec::new();
        for at in members {
            let shape = &self.shapes[*at];
            let mut change = Change {
                at: *at,
                ..Change::default()
            };
            let mut loaded = None;
            if shape.complete
                && let Some((table, _)) = shapes::loading(&transaction, shape.id)?
            {
                let head = shape.complete_at;
                let (changed, misfits) = self.swap_in(&transaction, shape.id, &table, head)?;
                change.swapped = true;
                change.touched = changed;
                change.rejected = misfits;
                loaded = Some(&shape.loading_contents);
            }
            let Some(table) = self.session.table(&shape.table) else {
                continue;
            };
            for held in held::of_shape(&transaction, shape.id)? {
                let messages = message::parse(&held.body)?;
                let positions = positions(&messages);
                let is_whole = positions.iter().all(|position| *position <= upto);
                let due: Vec<Message<'_>> = messages
                    .into_iter()
                    .zip(positions)
                    .filter(|(_, position)| held.shown < Some(*position) && *position <= upto)
                    .map(|(message, _)| message)
                    .collect();
                let target = Target {
                    table: &table,
                    shape: shape.id,
                    staged: false,
                    partial: false,
                    subset: None,
                    confirm_by: self.config.confirm_by(),
                };
                // What is held and wrong would be refused again and again, and holds the others back.
                let applied = match apply(&transaction, target, due) {
                    Err(Error::Protocol(_)) => Applied {
                        unknown_updates: 1,
                        ..Applied::default()
                    },
                    applied => applied?,
                };
                if applied.unknown_updates > 0 {
                    return Ok((true, Err(*at)));
                }
                change.touched |= applied.changed_rows();
                change.applied.push(applied);
                if is_whole {
                    held::forget(&transaction, held.id)?;
                } else {
                    held::show(&transaction, held.id, upto)?;
                    is_left = true;
                }
            }
            let by = self.config.confirm_by();
            if let Some(loaded) = loaded.filter(|_| by.trusts_txids()) {
                change.seen = transactions::contained(&transaction, loaded)?;
            }
            if let Some(frontier) = shape.frontier {
                let passed = shape.passed(&transaction, frontier.attempt, Some(upto), by)?;
                change.seen.extend(passed);
            }
            let just_seen: Vec<_> = changes
                .iter()
                .flat_map(|change: &Change| change.seen.iter().map(|id| (change.at, *id)))
                .collect();
            self.mark_seen(&transaction, *at, &change.seen, &just_seen)?;
            shapes::show(&transaction, shape.id, upto)?;
            changes.push(change);
        }
        let confirmed = super::uploading::confirm_all(&transaction, &self.session, &self.client)?;
        if let Some(last) = changes.last_mut() {
            last.confirmed = confirmed;
        }
        transaction.commit()?;
        Ok((is_left, Ok(changes)))
    }

    fn announce_moment(&mut self, change: Change, before: Option<&TableSchema>) {
        let shape = &mut self.shapes[change.at];
        let name = shape.table.clone();
        shape.seen.extend(&change.seen);
        if change.swapped {
            shape.swapped_in();
        }
        for applied in &change.applied {
            shape.rows = (shape.rows + applied.inserted).saturating_sub(applied.deleted);
        }
        if change.touched {
            self.touch_table(&name);
        }
        if self.session.table(&name).as_deref() != before {
            self.analyses.clear();
            self.touch_table(&name);
        }
        self.status_is_stale = true;
        self.announce_confirmed(change.confirmed);
        if let Err(error) = self.announce_rejected(change.rejected) {
            self.effects_failed(&error);
        }
    }
}

/// What a moment brought to one shape.
#[derive(Default)]
struct Change {
    at: usize,
    swapped: bool,
    touched: bool,
    applied: Vec<Applied>,
    seen: Vec<TransactionId>,
    rejected: Rejected,
    confirmed: Vec<(TransactionRecord, Touched)>,
}
