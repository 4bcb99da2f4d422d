//! Pending writes over synced rows: what the app sees, and when a write is done. Pure.
//!
//! `shadow(k) = fold(synced(k), pending intents of k in order)`: the shadow table is a cache of [`fold`], and a
//! key has a shadow row exactly while it has pending intents. What counts is what was written, never how it compares with
//! what the server has. Each rule, and the test that shows it end to end (`tests/sync/intents.rs`, or the file named):
//!
//! | a row with pending writes | is seen as | test |
//! |---|---|---|
//! | others edit other columns | theirs and ours | `edits_of_other_columns_by_others_are_neither_hidden_nor_overwritten` |
//! | others edit the same column | ours until it is confirmed, then the server's | `writing.rs`: `a_remote_edit_of_the_same_column_stays_under_ours_until_ours_is_confirmed` |
//! | others write the value that we wrote | ours, and it stays ours | `a_column_written_stays_ours_though_the_server_has_the_same_value_for_a_while` |
//! | we put a value back to what it was | that value: it is a write too | `a_value_put_back_to_what_it_was_is_a_write_too` |
//! | we set a column to NULL | NULL | `a_null_shows_over_a_synced_value_over_a_pending_one_and_in_a_new_row` |
//! | others delete it under our update | gone, no row of NULLs | `a_row_deleted_by_others_is_gone_under_a_pending_update_and_leaves_no_ghost` |
//! | others delete it and make it anew | the new row with our update | `a_row_made_anew_by_others_takes_a_pending_update` |
//! | others change its key | gone, and the new row as it is | `a_key_changed_by_others_keeps_the_pending_write_and_shows_the_new_row_once` |
//! | we delete it, others edit it | gone | `a_row_deleted_here_stays_away_whatever_others_do_to_it` |
//! | we delete it and insert it again | a new row: nothing of the old one | `a_row_deleted_and_made_anew_here_is_a_new_row` |
//! | others delete it, we use its key again | a new row | `the_key_of_a_row_that_others_deleted_can_be_used_again` |
//! | we insert it | what we wrote, NULL elsewhere, until it is confirmed | `a_new_row_shows_the_edits_of_others_once_it_is_confirmed` |
//! | it leaves the shape | gone; the write still goes out | `a_row_that_leaves_its_shape_keeps_its_pending_write` |
//! | one transaction writes it several times | the intents in order | `intents_of_one_row_in_one_transaction_are_taken_in_order` |
//! | one of its writes is rejected | the others as if that had never been | `rolling_back.rs`: `a_rejected_update_takes_along_what_its_policy_says` |
//! | a rejected write is retried over a row that came or went | as any intent | `journal.rs`: `a_retry_over_rows_that_came_or_went_is_folded_like_any_intent` |
//!
//! An update of a row that is not seen finds none and writes nothing, and a key cannot be updated.

mod confirm;
mod fold;
mod reject;

pub use confirm::{ConfirmBy, PendingTransaction, confirmable};
pub use fold::{Intent, ShadowRow, add_position, fold};
pub use reject::{OnRejection, Standing, Written, WrittenRow, blocked_by, taken_along};
