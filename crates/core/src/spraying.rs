use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::budget::Rate;
use crate::secret::Digest;
use crate::time::Timestamp;

/// Guesses at so many accounts that whoever makes them tries a whole list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spray {
    /// How many different accounts, or addresses of none, they were about: an estimate, within a few per cent.
    pub(crate) accounts: u32,
    /// How many guesses there were.
    pub(crate) failures: u64,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// How many accounts were guessed at on this node lately (R-TH-05).
///
/// The budgets of networks and of accounts see nothing of an attacker who has many of both. This counts over all of
/// them: in memory, since a row for everybody would make everybody wait; and it only tells, since keeping everybody out
/// would be worse than the attack.
///
/// The accounts are estimated by linear counting (Whang et al., 1990): a keyed digest gives each of them one of
/// [`Window::PLACES`], and how many of these were never hit says how many accounts there were. A place remembers when it was
/// hit last, so that the window slides. It takes 64 KiB, however many accounts there are.
pub(crate) struct Spraying {
    /// So many accounts in its period are too many.
    bar: Rate,
    window: Mutex<Window>,
}

struct Window {
    /// The slot, counted from one, in which each place was hit last; zero for none. Empty until somebody guesses.
    places: Vec<u8>,
    slots: [Slot; Window::SLOTS as usize],
    /// The slot that is filled, and since when.
    present: u8,
    begun: Timestamp,
    /// Until when no other alarm is raised.
    quiet_until: Timestamp,
    /// The alarm that is not written down yet.
    open: Option<Spray>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    /// How many places were hit last in it.
    places: u32,
    failures: u64,
}

impl Spraying {
    pub(crate) const fn new(bar: Rate) -> Self {
        let never = Timestamp::from_millis(0);
        let window = Window {
            places: Vec::new(),
            slots: [Slot { places: 0, failures: 0 }; Window::SLOTS as usize],
            present: 0,
            begun: never,
            quiet_until: never,
            open: None,
        };
        Self { bar, window: Mutex::new(window) }
    }

    /// Notes a guess at an account. Answers an alarm if there are too many accounts by now: once in a period.
    pub(crate) fn note(&self, account: &Digest, now: Timestamp) -> Option<Spray> {
        let period = self.bar.period();
        let mut window = self.held();
        window.slide(period, now);
        window.hit(account);
        if now < window.quiet_until {
            return None;
        }
        let accounts = window.accounts();
        if accounts < self.bar.burst {
            return None;
        }
        let failures = window.slots.iter().map(|slot| slot.failures).sum();
        let spray = Spray { accounts, failures, since: now - period };
        window.quiet_until = now + period;
        window.open = Some(spray);
        Some(spray)
    }

    /// At about how many accounts somebody guessed in the period that ends now.
    pub(crate) fn accounts(&self, now: Timestamp) -> u32 {
        let mut window = self.held();
        window.slide(self.bar.period(), now);
        window.accounts()
    }

    /// Takes the alarm that is to be written down, if there is one.
    pub(crate) fn take(&self) -> Option<Spray> {
        self.held().open.take()
    }

    /// Remembers again what could not be written down, unless there is a later one.
    pub(crate) fn put_back(&self, spray: Spray) {
        self.held().open.get_or_insert(spray);
    }

    fn held(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// The estimate of up to as many accounts is within one per cent, and of four times as many within two.
    const PLACES: u32 = 1 << 16;
    /// How many parts the window has, which are forgotten one by one.
    const SLOTS: u8 = 60;

    /// Forgets what is over.
    fn slide(&mut self, period: Duration, now: Timestamp) {
        let slot = (period / u32::from(Self::SLOTS)).max(Duration::from_millis(1));
        let over = now.since(self.begun).as_nanos() / slot.as_nanos();
        let over = u8::try_from(over).unwrap_or(u8::MAX).min(Self::SLOTS);
        if over == 0 {
            return;
        }
        let mut is_over = [false; Self::SLOTS as usize + 1];
        for _ in 0..over {
            self.present = (self.present + 1) % Self::SLOTS;
            self.slots[usize::from(self.present)] = Slot::default();
            is_over[usize::from(self.present) + 1] = true;
        }
        self.begun = if over < Self::SLOTS { self.begun + slot * u32::from(over) } else { now };
        for place in &mut self.places {
            if is_over[usize::from(*place)] {
                *place = 0;
            }
        }
    }

    fn hit(&mut self, account: &Digest) {
        if self.places.is_empty() {
            self.places = vec![0; Self::PLACES as usize];
        }
        let [first, second, ..] = *account.as_bytes();
        let place = &mut self.places[usize::from(u16::from_be_bytes([first, second]))];
        if let Some(before) = place.checked_sub(1) {
            self.slots[usize::from(before)].places -= 1;
        }
        *place = self.present + 1;
        let slot = &mut self.slots[usize::from(self.present)];
        slot.places += 1;
        slot.failures += 1;
    }

    /// How many accounts hit about as many places as were hit.
    fn accounts(&self) -> u32 {
        let hit: u32 = self.slots.iter().map(|slot| slot.places).sum();
        let all = f64::from(Self::PLACES);
        // Were each of them hit, there would be no end of accounts.
        let free = f64::from((Self::PLACES - hit).max(1));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is less than a million, and no less than nothing"
        )]
        let accounts = (all * (all / free).ln()).round() as u32;
        accounts
    }
}

impl fmt::Debug for Spraying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spraying").field("bar", &self.bar).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000) + Duration::from_secs(seconds)
    }

    fn account(n: u32) -> Digest {
        Digest::from_bytes(Sha256::digest(n.to_be_bytes()).into())
    }

    fn spraying() -> Spraying {
        Spraying::new(Rate::per(500, 10 * MINUTE))
    }

    /// Guesses at these accounts; answers how many alarms that raised.
    fn guess(it: &Spraying, accounts: std::ops::Range<u32>, now: Timestamp) -> usize {
        accounts.filter_map(|n| it.note(&account(n), now)).count()
    }

    #[test]
    fn an_alarm_is_raised_over_the_bar_and_once_in_a_period() {
        // R-TH-05
        let it = spraying();
        assert_eq!(guess(&it, 0..480, at(0)), 0, "below it");
        assert_eq!(it.take(), None);
        assert_eq!(guess(&it, 480..20_000, at(300)), 1);
        let alarm = it.take().unwrap();
        assert!((500..510).contains(&alarm.accounts), "{alarm:?}");
        assert!((490..=510).contains(&alarm.failures), "{alarm:?}");
        assert_eq!((alarm.since, it.take()), (at(0) - 5 * MINUTE, None));
        assert_eq!(guess(&it, 20_000..30_000, at(899)), 0, "in the same period");
        assert_eq!(guess(&it, 30_000..40_000, at(900)), 1, "in the next one");
        assert!(it.take().is_some());
        assert_eq!(guess(&it, 0..480, at(3_000)), 0, "all of it is forgotten");
    }

    #[test]
    fn one_account_is_no_spray_however_often_it_is_guessed_at() {
        // R-TH-05
        let it = spraying();
        for _ in 0..10_000 {
            assert_eq!(it.note(&account(1), at(0)), None);
        }
        assert_eq!(it.accounts(at(0)), 1);
    }

    #[test]
    fn the_window_slides() {
        // R-TH-05
        let it = spraying();
        assert_eq!(guess(&it, 0..300, at(0)), 0);
        assert_eq!(guess(&it, 300..600, at(601)), 0, "the first ones are over");
        assert_eq!(guess(&it, 600..900, at(900)), 1, "the second ones are not");
        // Who is guessed at again counts once, from then on.
        let it = spraying();
        for seconds in (0..1_200).step_by(60) {
            assert_eq!(guess(&it, 0..400, at(seconds)), 0);
            let accounts = it.accounts(at(seconds));
            assert!((390..=410).contains(&accounts), "{accounts} after {seconds} s");
        }
        let before = it.accounts(at(1_140));
        assert_eq!(it.accounts(at(1_140 + 589)), before);
        assert_eq!(it.accounts(at(1_140 + 600)), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_neither_forgets_nor_fails() {
        let it = spraying();
        assert_eq!(guess(&it, 0..400, at(1_000)), 0);
        assert_eq!(guess(&it, 400..600, at(0)), 1);
    }

    #[test]
    fn the_estimate_is_good_and_its_memory_bounded() {
        for count in [1, 100, 1_000, 10_000, 100_000, 250_000] {
            let it = Spraying::new(Rate::per(Window::PLACES, MINUTE));
            for n in 0..count {
                it.note(&account(n), at(0));
            }
            let (found, most) = (it.accounts(at(0)), 1 + count / 40);
            assert!(found.abs_diff(count) <= most, "{found} of {count}");
            assert_eq!(it.held().places.capacity(), 65_536);
        }
        assert_eq!(Spraying::new(Rate::per(1, MINUTE)).held().places.capacity(), 0);
    }

    #[test]
    fn every_place_may_be_hit() {
        let it = Spraying::new(Rate::per(1_000_000, MINUTE));
        for n in 0..=u16::MAX {
            let mut bytes = [0; 32];
            bytes[..2].copy_from_slice(&n.to_be_bytes());
            it.note(&Digest::from_bytes(bytes), at(0));
        }
        assert_eq!(it.accounts(at(0)), 726_817);
    }

    #[test]
    fn what_could_not_be_written_down_is_not_lost() {
        let it = spraying();
        assert_eq!(guess(&it, 0..1_000, at(0)), 1);
        let alarm = it.take().unwrap();
        it.put_back(alarm);
        assert_eq!(it.take(), Some(alarm));
    }
}
