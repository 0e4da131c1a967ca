//! The platform's day, from midnight to midnight at UTC+8.

use std::time::{SystemTime, UNIX_EPOCH};

use time::{Date, Month, OffsetDateTime, UtcOffset};

/// Milliseconds after 1970 UTC at its midnight: as the platform writes `jobDay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day(i64);

const DAY_MS: i64 = 86_400_000;
const OFFSET_MS: i64 = 8 * 3_600_000;

impl Day {
    pub(super) fn of(instant: SystemTime) -> Self {
        let since = instant.duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2);
        Self((ms + OFFSET_MS).div_euclid(DAY_MS) * DAY_MS - OFFSET_MS)
    }

    /// `yyyy-MM-dd`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return None };
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
        let midnight = OffsetDateTime::new_in_offset(date, time::Time::MIDNIGHT, UtcOffset::UTC);
        Some(Self(midnight.unix_timestamp() * 1000 - OFFSET_MS))
    }

    pub(super) fn starts_at_ms(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_documents_sample_is_the_20th_of_june_2025() {
        let day = Day::parse("2025-06-20").unwrap();
        assert_eq!(day.starts_at_ms(), 1_750_348_800_000);
        let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        assert_eq!(Day::of(at(1_750_348_800_000)), day);
        assert_eq!(Day::of(at(1_750_348_800_000 + 86_399_999)), day);
        assert_eq!(Day::of(at(1_750_348_800_000 + 86_400_000)), Day(1_750_348_800_000 + DAY_MS));
        assert_ne!(Day::of(at(1_750_348_799_999)), day);
        for text in ["", "2025-13-01", "2025-02-30", "20.6.2025", "2025-06"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
