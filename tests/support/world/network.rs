//! What happens to a request between a client and the backend.

use std::collections::BTreeMap;

use throughline::engine::{self, Endpoint, Event, Failure, Fetch};
use throughline::ids::{FetchId, Millis};
use throughline_server::electric::{Answer, Micros, ShapeRequest, WaitState};

use super::{Fault, World};

/// One way, when nothing delays it.
const LATENCY_MS: u64 = 10;

/// A request as it was sent, and what was answered.
#[derive(Debug, Clone)]
pub struct Sent {
    pub client: String,
    pub endpoint: Endpoint,
    pub url: String,
    pub body: Option<String>,
    pub at: Millis,
    /// Once the server has answered, whether or not the answer arrives.
    pub status: Option<u16>,
    /// Row messages in the answer.
    pub rows: usize,
    flight: u64,
}

/// The answers that a cache between clients and server has, by URL, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Cache(BTreeMap<String, Vec<engine::Answer>>);

/// Older answers of one URL that are kept, and URLs.
const CACHED: (usize, usize) = (3, 64);

impl Cache {
    fn keep(&mut self, url: &str, answer: &engine::Answer) {
        if self.0.len() >= CACHED.1 && !self.0.contains_key(url) {
            self.0.pop_first();
        }
        let answers = self.0.entry(url.to_owned()).or_default();
        if answers.len() == CACHED.0 {
            answers.remove(0);
        }
        answers.push(answer.clone());
    }

    fn oldest(&self, url: &str) -> Option<engine::Answer> {
        self.0.get(url)?.first().cloned()
    }
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) client: String,
    /// Which life of the client: an answer to a dead one is lost.
    life: u32,
    fetch: Fetch,
    pub(super) leg: Leg,
    fault: Option<Fault>,
    aborted: bool,
}

#[derive(Debug)]
pub(super) enum Leg {
    Going {
        arrives: Millis,
    },
    Held {
        until: Millis,
        /// The state of the server when it was looked at last.
        seen: u64,
    },
    Coming {
        arrives: Millis,
        result: Result<engine::Answer, Failure>,
        /// The headers are there, and only the body is still to come.
        headed: bool,
    },
}

impl Flight {
    pub(super) fn posts_for(&self, name: &str) -> bool {
        self.client == name && !self.aborted && self.fetch.endpoint == Endpoint::Write
    }

    pub(super) fn due(&self, now: Millis, version: u64) -> Millis {
        match &self.leg {
            Leg::Going { arrives } | Leg::Coming { arrives, .. } => *arrives,
            Leg::Held { seen, .. } if *seen != version => now,
            Leg::Held { until, .. } => *until,
        }
    }
}

impl World {
    pub(super) fn send(&mut self, name: &str, fetch: Fetch) {
        self.last_flight += 1;
        let number = self.last_flight;
        self.sent.push(Sent {
            client: name.into(),
            endpoint: fetch.endpoint,
            url: fetch.url.clone(),
            body: fetch.body.clone(),
            at: self.now,
            status: None,
            rows: 0,
            flight: number,
        });
        let fault = self.fault_of(name, &fetch);
        if let Some(fault) = &fault
            && !matches!(fault, Fault::Stale)
        {
            self.happened(fault.name());
        }
        let lost = |arrives, failure| Leg::Coming {
            arrives,
            result: Err(failure),
            headed: false,
        };
        let broken = || Failure::Network("the connection broke".into());
        let leg = if self.clients[name].offline {
            lost(self.now.after(1), Failure::Network("offline".into()))
        } else {
            match &fault {
                Some(Fault::DropRequest) => lost(self.now.after(self.latency()), broken()),
                Some(Fault::Silence) => lost(self.now.after(fetch.timeout_ms), Failure::Timeout),
                Some(Fault::Delay(ms)) => Leg::Going {
                    arrives: self.now.after(*ms),
                },
                _ => Leg::Going {
                    arrives: self.now.after(self.latency()),
                },
            }
        };
        self.flights.push(Flight {
            number,
            client: name.into(),
            life: self.clients[name].life,
            fetch,
            leg,
            fault,
            aborted: false,
        });
    }

    /// Requests of the client that are not answered completely.
    pub fn requests_out(&self, name: &str) -> usize {
        let life = self.clients[name].life;
        let is_out =
            |flight: &&Flight| flight.client == name && flight.life == life && !flight.aborted;
        self.flights.iter().filter(is_out).count()
    }

    /// What has left may still arrive; its answer is lost.
    pub(super) fn abort(&mut self, name: &str, id: FetchId) {
        let life = self.clients[name].life;
        self.flights.retain_mut(|flight| {
            if flight.client != name || flight.life != life || flight.fetch.id != id {
                return true;
            }
            flight.aborted = true;
            matches!(flight.leg, Leg::Going { .. }) && flight.fetch.endpoint == Endpoint::Write
        });
    }

    /// What is on its way is lost.
    pub fn break_connections(&mut self, name: &str) {
        let arrives = self.now.after(1);
        for flight in self.flights.iter_mut().filter(|one| one.client == name) {
            flight.leg = Leg::Coming {
                arrives,
                result: Err(Failure::Network("offline".into())),
                headed: false,
            };
        }
    }

    /// The next step of a flight that is due.
    pub(super) fn advance(&mut self, at: usize) {
        let mut flight = self.flights.remove(at);
        match flight.leg {
            Leg::Going { .. } => self.arrive(flight, WaitState::Arrived),
            Leg::Held { until, .. } if self.now >= until => {
                self.arrive(flight, WaitState::TimedOut);
            }
            Leg::Held { .. } => self.arrive(flight, WaitState::Held),
            Leg::Coming { result, headed, .. } => {
                let alive = self.clients[&flight.client].life == flight.life;
                if flight.aborted || !alive {
                    return;
                }
                let overtaken = self.flights.iter().any(|other| {
                    let is_coming = matches!(other.leg, Leg::Coming { .. });
                    other.client == flight.client && other.number < flight.number && is_coming
                });
                if overtaken {
                    self.happened("fault: answers out of order");
                }
                let fetch = flight.fetch.id;
                if let (Ok(answer), false) = (&result, headed) {
                    let event = Event::Headers {
                        fetch,
                        status: answer.status,
                        headers: answer.headers.clone(),
                    };
                    let name = flight.client.clone();
                    // A body takes its time, so an answer asked for later may be complete earlier.
                    let arrives = self.now.after(self.body_time());
                    flight.leg = Leg::Coming {
                        arrives,
                        result,
                        headed: true,
                    };
                    self.flights.push(flight);
                    return self.happens(&name, event);
                }
                let event = match result {
                    Ok(_) if matches!(flight.fault, Some(Fault::Cut)) => Event::Failed {
                        fetch,
                        failure: Failure::Network("the connection broke".into()),
                    },
                    Ok(answer) => Event::Answered { fetch, answer },
                    Err(failure) => Event::Failed { fetch, failure },
                };
                if matches!(flight.fault, Some(Fault::Duplicate)) {
                    self.happens(&flight.client, event.clone());
                }
                if self.clients[&flight.client].life == flight.life {
                    self.happens(&flight.client, event);
                }
            }
        }
    }

    /// The request is at the server.
    fn arrive(&mut self, mut flight: Flight, wait: WaitState) {
        if let Some(Fault::Status {
            status,
            headers,
            body,
        }) = &flight.fault
        {
            let answer = engine::Answer {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
            };
            return self.answer(flight, answer);
        }
        if let (Endpoint::Write, Some(gate)) = (flight.fetch.endpoint, &self.gate)
            && let Some(status) = gate(flight.fetch.body.as_deref().unwrap_or_default())
        {
            let answer = engine::Answer {
                status,
                headers: Vec::new(),
                body: String::new(),
            };
            return self.answer(flight, answer);
        }
        if let (Some(Fault::Stale), None) = (&flight.fault, &flight.fetch.body)
            && let Some(answer) = self.cache.oldest(&flight.fetch.url)
        {
            self.happened(Fault::Stale.name());
            return self.answer(flight, answer);
        }
        self.steps += 1;
        let micros = Micros(self.now.0.unsigned_abs() * 1_000);
        let response = match flight.fetch.endpoint {
            Endpoint::Write => {
                let body = flight.fetch.body.clone().unwrap_or_default();
                self.backend
                    .post_changes(&mut self.ledger, micros, body.as_bytes())
            }
            Endpoint::Electric => {
                let request = match &flight.fetch.body {
                    Some(body) => ShapeRequest::post(&flight.fetch.url, body),
                    None => ShapeRequest::get(&flight.fetch.url),
                };
                let entropy = self.rng.u64(..);
                let answer =
                    self.backend
                        .respond(&mut self.ledger, micros, entropy, &request, wait);
                match answer {
                    Answer::Respond(response) => response,
                    Answer::Hold { until_ms } => {
                        let until = match flight.leg {
                            Leg::Held { until, .. } => until,
                            _ => self.now.after(until_ms),
                        };
                        flight.leg = Leg::Held {
                            until,
                            seen: self.ledger.version(),
                        };
                        self.flights.push(flight);
                        return;
                    }
                }
            }
        };
        let (status, body) = match flight.fetch.endpoint {
            Endpoint::Write if self.plain_writes => plain(response.status, response.body),
            _ => (response.status, response.body),
        };
        let headers = response
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let mut answer = engine::Answer {
            status,
            headers,
            body,
        };
        let is_read = flight.fetch.endpoint == Endpoint::Electric && flight.fetch.body.is_none();
        if is_read && status == 200 && self.chaos.is_some_and(|chaos| chaos.harsh) {
            self.cache.keep(&flight.fetch.url, &answer);
        }
        if matches!(flight.fault, Some(Fault::Truncated)) {
            let half = (0..=answer.body.len() / 2).rfind(|at| answer.body.is_char_boundary(*at));
            answer.body.truncate(half.unwrap_or(0));
        }
        self.answer(flight, answer);
    }

    fn answer(&mut self, mut flight: Flight, answer: engine::Answer) {
        let mut newest_first = self.sent.iter_mut().rev();
        if let Some(sent) = newest_first.find(|one| one.flight == flight.number) {
            sent.status = Some(answer.status);
            sent.rows = answer.body.matches("\"operation\":").count();
        }
        let delay = match &flight.fault {
            Some(Fault::Delay(ms) | Fault::LateAnswer(ms)) => *ms,
            _ => self.latency(),
        };
        flight.leg = Leg::Coming {
            arrives: self.now.after(delay),
            result: match flight.fault {
                Some(Fault::DropAnswer) => Err(Failure::Network("the connection broke".into())),
                _ => Ok(answer),
            },
            headed: false,
        };
        self.flights.push(flight);
    }

    fn body_time(&mut self) -> u64 {
        match self.chaos {
            Some(chaos) => self.rng.u64(0..=chaos.latency_ms),
            None => 0,
        }
    }

    fn latency(&mut self) -> u64 {
        match self.chaos {
            Some(chaos) => self.rng.u64(1..=chaos.latency_ms),
            None => LATENCY_MS,
        }
    }
}

/// What a server says that knows no verdicts: yes to all of the body, or no to all of it.
fn plain(status: u16, body: String) -> (u16, String) {
    if body.contains(r#""status":"rejected""#) {
        return (422, r#"{"message":"refused"}"#.into());
    }
    (status, String::new())
}
