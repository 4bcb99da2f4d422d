//! The clock of day is set, on both sides of the network.

use throughline::ids::Millis;

use super::World;
use super::network::Leg;

impl World {
    /// What is on its way and what is timed does not mind: it comes when it would have come.
    pub fn set_clock(&mut self, by_ms: i64) {
        let set = |moment: &mut Millis| moment.0 += by_ms;
        set(&mut self.now);
        for flight in &mut self.flights {
            match &mut flight.leg {
                Leg::Going { arrives } | Leg::Coming { arrives, .. } => set(arrives),
                Leg::Held { until, .. } => set(until),
            }
        }
        let timers = self
            .clients
            .values_mut()
            .flat_map(|client| client.timers.values_mut());
        timers.for_each(set);
    }
}
