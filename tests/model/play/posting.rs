//! POSTs: what goes out is what the model has queued, and every kind of answer comes back.

use serde_json::Value;
use throughline::engine::{Answer, Event, Failure};
use throughline::ids::FetchId;

use super::Play;
use crate::model::{State, Verdict};
use crate::server::columns;

impl Play {
    /// A POST has just gone out: it is the head of the queue, as it was written.
    pub(super) fn send(&mut self) {
        let Some(post) = self.device.post.clone() else {
            return;
        };
        if self
            .model
            .pending
            .iter()
            .any(|local| local.state == State::Sending)
        {
            return;
        }
        self.learn_write_ids();
        let body: Vec<Value> = serde_json::from_str(post.body.as_ref().unwrap()).unwrap();
        let queued = self.model.pending.iter_mut();
        let mut queued = queued.filter(|local| local.state == State::Queued);
        assert!(!body.is_empty());
        for sent in &body {
            let local = queued.next().expect("nothing is sent that is not queued");
            assert_eq!(number_of(sent), local.number, "the head of the queue goes");
            let changes = sent["changes"].as_array().unwrap();
            assert_eq!(changes.len(), local.writes.len());
            for write in &local.writes {
                let is_it = |change: &&Value| change["write_id"] == *write.write_id;
                let change = changes.iter().find(is_it).expect("every write is sent");
                assert_eq!(change["table"], write.row.0);
                assert_eq!(change["operation"], write.operation.as_str());
                assert_eq!(change["value"]["id"], *write.row.1);
                assert_eq!(columns(write.row.0, &change["value"]), write.value);
            }
            local.state = State::Sending;
            local.attempts += 1;
            local.unanswered += 1;
        }
    }

    pub(super) fn answer_post(&mut self) {
        let Some(post) = self.device.post.take() else {
            return;
        };
        let body: Vec<Value> = serde_json::from_str(post.body.as_ref().unwrap()).unwrap();
        let fetch = post.id;
        match self.rng.u32(0..10) {
            0 => self.lose(fetch),
            1 => {
                self.judge(&body);
                self.lose(fetch);
            }
            2 if !body
                .iter()
                .any(|sent| self.server.has_judged(number_of(sent))) =>
            {
                self.refuse(fetch, &body);
            }
            _ => {
                let verdicts = self.judge(&body);
                self.say(|| format!("verdicts {verdicts:?}"));
                self.model.settle(&verdicts, &self.device.newest);
                let answer = spoken(&body, &verdicts);
                self.answer(fetch, answer);
            }
        }
        self.send();
    }

    /// The server comes to the first ones of a POST.
    fn judge(&mut self, body: &[Value]) -> Vec<(i64, Verdict)> {
        let reached = self.rng.usize(1..=body.len());
        let judge = |sent: &Value| {
            let number = number_of(sent);
            (number, self.server.judge(number, sent, &mut self.rng))
        };
        body[..reached].iter().map(judge).collect()
    }

    /// The POST has no answer.
    fn lose(&mut self, fetch: FetchId) {
        self.say(|| "the POST has no answer".into());
        self.model.send_again();
        let failure = Failure::Network("lost".into());
        self.device.handle(Event::Failed { fetch, failure });
    }

    /// The server takes nothing of the POST: of one alone that is the verdict.
    fn refuse(&mut self, fetch: FetchId, body: &[Value]) {
        self.say(|| "the POST is refused".into());
        if let [sent] = body {
            let number = number_of(sent);
            self.server.refuse(number);
            let verdicts = [(number, Verdict::Rejected)];
            self.model.settle(&verdicts, &self.device.newest);
        } else {
            self.model.withdraw();
        }
        let answer = Answer {
            status: 422,
            headers: Vec::new(),
            body: String::new(),
        };
        self.device.handle(Event::Answered { fetch, answer });
    }
}

fn number_of(sent: &Value) -> i64 {
    let (_, number) = sent["id"].as_str().unwrap().rsplit_once(':').unwrap();
    number.parse().unwrap()
}

/// Verdicts as the server says them.
fn spoken(body: &[Value], verdicts: &[(i64, Verdict)]) -> Answer {
    let one = |(sent, (_, verdict)): (&Value, &(i64, Verdict))| match verdict {
        Verdict::Rejected => serde_json::json!({"id": sent["id"], "status": "rejected",
            "error": {"code": "NO", "message": "no"}}),
        Verdict::Accepted { txid, lsn, noop } => {
            let mut told = serde_json::json!({"id": sent["id"], "status": "accepted"});
            if let Some(txid) = txid {
                told["txid"] = (*txid).into();
            }
            if let Some(lsn) = lsn {
                told["lsn"] = lsn.to_string().into();
            }
            if *noop {
                told["noop"] = true.into();
            }
            told
        }
    };
    let transactions: Vec<Value> = body.iter().zip(verdicts).map(one).collect();
    Answer {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: serde_json::json!({"transactions": transactions}).to_string(),
    }
}
