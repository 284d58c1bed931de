use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bearing_protocol::{
    Timestamp,
    payload::{MAX_TRIP_NOTICES, TripNotice},
};
use jiff::{ToSpan as _, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Draft, TripError};
use crate::{random::random_bytes, state::StateDirectory};

/// The announced trips, on disk with every change. Clones share.
#[derive(Clone, Debug)]
pub struct TripBook {
    directory: StateDirectory,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Pages {
    trips: Vec<Kept>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// What was announced, countries and all.
    notice: TripNotice,
    /// Who announced it.
    uid: u32,
    /// Whether it was withdrawn.
    withdrawn: bool,
    /// Whether the server has this state of it.
    acknowledged: bool,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcer {
    /// The account's id, as the kernel has it.
    pub uid: u32,
}

impl Announcer {
    /// Whether a person may stand behind the account: root, or an id that systems give to people.
    pub const fn may_be_a_person(self) -> bool {
        const FIRST: u32 = if cfg!(target_vendor = "apple") { 501 } else { 1_000 };
        // 61184 to 65519 are systemd's for services it makes up, 65534 is nobody.
        let dynamic = self.uid >= 61_184 && self.uid <= 65_535;
        self.uid == 0 || (self.uid >= FIRST && !dynamic)
    }
}

/// A trip as its announcer sees it, and everybody on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Countries, first and last day.
    pub trip: Draft,
    /// What became of it.
    pub state: TripState,
}

/// What became of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TripState {
    /// Kept, and the server does not have it yet.
    Waiting,
    /// The server has it.
    Sent,
    /// Withdrawn, and the server does not know yet.
    Withdrawing,
    /// Withdrawn.
    Withdrawn,
}

impl TripState {
    /// For people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Waiting => "announced here; goes out with the next message",
            Self::Sent => "the server has it",
            Self::Withdrawing => "withdrawn here; goes out with the next message",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl TripBook {
    const FILE: &'static str = "trips.json";

    /// What was kept. A file that cannot be read is an empty book: its announcers see so.
    pub fn open(directory: &StateDirectory) -> Self {
        let pages: Pages = directory.read_json(Self::FILE).ok().flatten().unwrap_or_default();
        Self { directory: directory.clone(), pages: Arc::new(Mutex::new(pages)) }
    }

    /// Keeps a trip; the same trip said twice is the first one. Returns its id.
    ///
    /// # Errors
    /// What is wrong with it, or [`TripError::NotKept`].
    pub fn announce(&self, draft: &Draft, who: Announcer, now: Timestamp) -> Result<String, TripError> {
        draft.check(now)?;
        if !who.may_be_a_person() {
            return Err(TripError::NotAPerson);
        }
        let mut pages = self.pages();
        let mut changed = pages.clone();
        changed.forget(now);
        let same = |kept: &&Kept| {
            let notice = &kept.notice;
            !kept.withdrawn
                && kept.uid == who.uid
                && (&notice.countries, notice.from, notice.until)
                    == (&draft.countries, draft.from, draft.until)
        };
        if let Some(known) = changed.trips.iter().find(same) {
            return Ok(known.notice.id.clone());
        }
        if changed.trips.len() >= MAX_KEPT {
            return Err(TripError::TooMany(changed.trips.len()));
        }
        let id: [u8; 8] = random_bytes().map_err(|error| TripError::NotKept(error.to_string()))?;
        let id = hex::encode(id);
        let notice = draft.notice(id.clone(), now);
        changed.trips.push(Kept { notice, uid: who.uid, withdrawn: false, acknowledged: false });
        self.keep(&mut pages, changed)?;
        Ok(id)
    }

    /// Withdraws a trip: whoever announced it may, and root.
    ///
    /// # Errors
    /// [`TripError::Unknown`], [`TripError::NotYours`] or [`TripError::NotKept`].
    pub fn withdraw(&self, id: &str, who: Announcer, now: Timestamp) -> Result<(), TripError> {
        let mut pages = self.pages();
        let mut changed = pages.clone();
        let kept = changed.trips.iter_mut().find(|kept| kept.notice.id == id);
        let kept = kept.ok_or_else(|| TripError::Unknown(id.to_owned()))?;
        if kept.uid != who.uid && who.uid != 0 {
            return Err(TripError::NotYours(kept.notice.id.clone()));
        }
        if kept.withdrawn {
            return Ok(());
        }
        kept.withdrawn = true;
        // Also where it never left: a message that carries it may be on its way.
        kept.acknowledged = false;
        kept.notice.declared_at = now;
        self.keep(&mut pages, changed)
    }

    /// Every trip that is kept.
    pub fn list(&self) -> Vec<Shown> {
        let shown = |kept: &Kept| Shown {
            id: kept.notice.id.clone(),
            trip: Draft {
                countries: kept.notice.countries.clone(),
                from: kept.notice.from,
                until: kept.notice.until,
            },
            state: match (kept.withdrawn, kept.acknowledged) {
                (false, false) => TripState::Waiting,
                (false, true) => TripState::Sent,
                (true, false) => TripState::Withdrawing,
                (true, true) => TripState::Withdrawn,
            },
        };
        self.pages().trips.iter().map(shown).collect()
    }

    /// What the next message carries: everything that the server has not acknowledged, the oldest first.
    pub fn unacknowledged(&self) -> Vec<TripNotice> {
        let pages = self.pages();
        let waiting = pages.trips.iter().filter(|kept| !kept.acknowledged);
        waiting.map(Kept::on_the_wire).take(MAX_TRIP_NOTICES).collect()
    }

    /// The server has these notices, word for word.
    ///
    /// # Errors
    /// [`TripError::NotKept`]: they are sent again.
    pub fn acknowledge(&self, notices: &[TripNotice]) -> Result<(), TripError> {
        let mut pages = self.pages();
        let mut changed = pages.clone();
        for kept in changed.trips.iter_mut().filter(|kept| notices.contains(&kept.on_the_wire())) {
            kept.acknowledged = true;
        }
        if changed == *pages { Ok(()) } else { self.keep(&mut pages, changed) }
    }

    fn keep(&self, pages: &mut Pages, changed: Pages) -> Result<(), TripError> {
        self.directory
            .write_json(Self::FILE, &changed)
            .map_err(|error| TripError::NotKept(error.to_string()))?;
        *pages = changed;
        Ok(())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn on_the_wire(&self) -> TripNotice {
        let mut notice = self.notice.clone();
        if self.withdrawn {
            notice.countries.clear();
        }
        notice
    }
}

impl Pages {
    /// Lets go of what is over and known to the server.
    fn forget(&mut self, now: Timestamp) {
        let today = now.to_zoned(TimeZone::UTC).date();
        let over =
            |kept: &Kept| kept.withdrawn || kept.notice.until < today.saturating_sub(KEPT_AFTER_DAYS.days());
        self.trips.retain(|kept| !(kept.acknowledged && over(kept)));
    }
}

/// Most trips that are kept.
const MAX_KEPT: usize = 32;
/// How long a trip that is over is still shown.
const KEPT_AFTER_DAYS: i32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Announcer = Announcer { uid: 1000 };
    const KIM: Announcer = Announcer { uid: 1001 };

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    fn draft(day: u8) -> Draft {
        Draft::parse("PT", &format!("2026-12-{day:02}"), "2026-12-31").unwrap()
    }

    fn book() -> (tempfile::TempDir, TripBook) {
        let temporary = tempfile::tempdir().unwrap();
        let book = TripBook::open(&StateDirectory::new(temporary.path()));
        (temporary, book)
    }

    #[test]
    fn a_trip_is_sent_until_it_is_acknowledged_also_after_a_restart() {
        let (temporary, book) = book();
        let id = book.announce(&draft(1), ADA, now()).unwrap();
        assert_eq!(book.announce(&draft(1), ADA, now()).unwrap(), id, "said twice");
        let again = TripBook::open(&StateDirectory::new(temporary.path()));
        let notices = again.unacknowledged();
        assert_eq!((notices.len(), notices[0].id.as_str()), (1, id.as_str()));
        again.acknowledge(&notices).unwrap();
        assert!(again.unacknowledged().is_empty());
        assert_eq!(again.list()[0].state, TripState::Sent);
    }

    #[test]
    fn withdrawn_while_on_its_way_it_is_withdrawn_at_the_server_too() {
        let (_temporary, book) = book();
        let id = book.announce(&draft(1), ADA, now()).unwrap();
        let on_its_way = book.unacknowledged();
        assert_eq!(book.withdraw(&id, KIM, now()), Err(TripError::NotYours(id.clone())));
        book.withdraw(&id, ADA, now()).unwrap();
        book.acknowledge(&on_its_way).unwrap();
        let notices = book.unacknowledged();
        assert!(notices[0].countries.is_empty() && notices[0].id == id);
        assert_eq!(book.list()[0].state, TripState::Withdrawing);
        book.acknowledge(&notices).unwrap();
        assert_eq!(book.list()[0].state, TripState::Withdrawn);
        assert_eq!(book.withdraw("0", ADA, now()), Err(TripError::Unknown("0".into())));
    }

    #[test]
    fn the_book_is_bounded_and_for_people() {
        let (_temporary, book) = book();
        for uid in [1, 999, 61_200, 65_534] {
            assert_eq!(book.announce(&draft(1), Announcer { uid }, now()), Err(TripError::NotAPerson));
        }
        for uid in 0..32 {
            book.announce(&draft(1), Announcer { uid: 1_000 + uid }, now()).unwrap();
        }
        assert_eq!(book.announce(&draft(1), Announcer { uid: 2_000 }, now()), Err(TripError::TooMany(32)));
        assert_eq!(book.unacknowledged().len(), MAX_TRIP_NOTICES);
        let notices: Vec<_> = (0..2)
            .flat_map(|_| {
                let notices = book.unacknowledged();
                book.acknowledge(&notices).unwrap();
                notices
            })
            .collect();
        assert_eq!(notices.len(), 32, "what one message cannot carry, the next does");
        let later = "2027-02-15T00:00:00Z".parse().unwrap();
        let next = Draft::parse("PT", "2027-03-01", "2027-03-02").unwrap();
        book.announce(&next, ADA, later).unwrap();
        assert_eq!(book.list().len(), 1, "what is over and known makes room");
    }
}
