//! Token buckets by key.
//!
//! Always: bounded in number; a key that is not remembered has a full bucket, so forgetting one never refuses
//! anybody.

use std::{collections::HashMap, hash::Hash, sync::Mutex, time::Duration};

use tokio::time::Instant;

/// Token buckets.
pub(crate) struct Buckets<K> {
    burst: f64,
    per_second: f64,
    capacity: usize,
    levels: Mutex<HashMap<K, Level>>,
}

#[derive(Clone, Copy)]
struct Level {
    tokens: f64,
    at: Instant,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Buckets of `burst` tokens that fill by `per_second`; at most `capacity` are remembered.
    pub(crate) fn new(burst: u32, per_second: f64, capacity: usize) -> Self {
        Self {
            burst: f64::from(burst),
            per_second: per_second.max(f64::MIN_POSITIVE),
            capacity,
            levels: Mutex::default(),
        }
    }

    /// Takes one token of `key`; where there is none, how long until there is.
    pub(crate) fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let mut levels = self.levels.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if levels.len() >= self.capacity && !levels.contains_key(key) {
            self.forget(&mut levels, now);
        }
        let level = levels.entry(key.clone()).or_insert(Level { tokens: self.burst, at: now });
        *level = Level { tokens: self.filled(*level, now), at: now };
        if level.tokens < 1.0 {
            let seconds = ((1.0 - level.tokens) / self.per_second).min(3_600.0);
            return Err(Duration::from_secs_f64(seconds));
        }
        level.tokens -= 1.0;
        Ok(())
    }

    /// Gives one token of `key` back.
    pub(crate) fn give_back(&self, key: &K) {
        let mut levels = self.levels.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(level) = levels.get_mut(key) {
            level.tokens = (level.tokens + 1.0).min(self.burst);
        }
    }

    fn filled(&self, level: Level, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(level.at).as_secs_f64();
        (level.tokens + seconds * self.per_second).min(self.burst)
    }

    /// Forgets full buckets; where all are in use, everything.
    fn forget(&self, levels: &mut HashMap<K, Level>, now: Instant) {
        levels.retain(|_, level| self.filled(*level, now) < self.burst);
        if levels.len() >= self.capacity {
            levels.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let buckets = Buckets::new(2, 1.0, 10);
        let now = Instant::now();
        assert!(buckets.take(&"a", now).is_ok());
        assert!(buckets.take(&"a", now).is_ok());
        let wait = buckets.take(&"a", now).unwrap_err();
        assert!(wait <= Duration::from_secs(1) && wait > Duration::from_millis(900), "{wait:?}");
        assert!(buckets.take(&"b", now).is_ok(), "others are unaffected");
        assert!(buckets.take(&"a", now + Duration::from_secs(1)).is_ok());
        buckets.give_back(&"a");
        assert!(buckets.take(&"a", now + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let buckets = Buckets::new(1, 0.001, 3);
        let now = Instant::now();
        for key in 0..1_000 {
            let _ = buckets.take(&key, now);
            assert!(buckets.levels.lock().unwrap().len() <= 4);
        }
    }
}
