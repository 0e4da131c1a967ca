//! The platform's day.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use time::{Date, Month, OffsetDateTime, UtcOffset};

/// The platform counts by days of UTC+8: the documents' sample of `jobDay` is 1750348800000, 20 June 2025 there.
const UTC_PLUS_8: UtcOffset = match UtcOffset::from_hms(8, 0, 0) {
    Ok(offset) => offset,
    Err(_) => panic!("eight hours are an offset"),
};

/// A day of the platform's calendar, from midnight to midnight at UTC+8. Written `yyyy-MM-dd`.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use waas_client::JobDay;
/// let day: JobDay = "2025-06-20".parse()?;
/// assert_eq!(JobDay::at(UNIX_EPOCH + Duration::from_millis(1_750_348_800_000)), Some(day));
/// assert_eq!(day.to_string(), "2025-06-20");
/// # Ok::<(), waas_client::JobDayError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobDay(Date);

/// The text is no day in the form `yyyy-MM-dd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day in the form yyyy-MM-dd")]
pub struct JobDayError;

impl JobDay {
    /// The day in which the instant lies; none before 1970 or after 9999.
    #[must_use]
    pub fn at(instant: SystemTime) -> Option<Self> {
        let since = instant.duration_since(UNIX_EPOCH).ok()?;
        Self::at_second(i64::try_from(since.as_secs()).ok()?)
    }

    /// The day in which that millisecond after 1970 UTC lies.
    pub(crate) fn at_millisecond(millisecond: i64) -> Option<Self> {
        Self::at_second(millisecond.div_euclid(1000))
    }

    fn at_second(second: i64) -> Option<Self> {
        let instant = OffsetDateTime::from_unix_timestamp(second).ok()?;
        instant.checked_to_offset(UTC_PLUS_8).map(|local| Self(local.date()))
    }

    /// Midnight, in milliseconds after 1970 UTC: as the platform writes `jobDay`.
    #[must_use]
    pub fn starts_at_ms(self) -> i64 {
        self.0.midnight().assume_offset(UTC_PLUS_8).unix_timestamp() * 1000
    }
}

impl FromStr for JobDay {
    type Err = JobDayError;

    fn from_str(text: &str) -> Result<Self, JobDayError> {
        let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return Err(JobDayError) };
        let all_digits = [year, month, day].concat().bytes().all(|byte| byte.is_ascii_digit());
        if [year.len(), month.len(), day.len()] != [4, 2, 2] || !all_digits {
            return Err(JobDayError);
        }
        let month = month.parse::<u8>().ok().and_then(|month| Month::try_from(month).ok());
        let (Ok(year), Some(month), Ok(day)) = (year.parse(), month, day.parse()) else {
            return Err(JobDayError);
        };
        Date::from_calendar_date(year, month, day).map(Self).map_err(|_| JobDayError)
    }
}

impl fmt::Display for JobDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_day_turns_at_sixteen_hours_utc() {
        let midnight = 1_750_348_800_000;
        let day = |millisecond| JobDay::at_millisecond(millisecond).unwrap().to_string();
        assert_eq!(day(midnight - 1), "2025-06-19");
        assert_eq!(day(midnight), "2025-06-20");
        assert_eq!(day(midnight + 86_400_000 - 1), "2025-06-20");
        assert_eq!(day(midnight + 86_400_000), "2025-06-21");
        assert_eq!("2025-06-20".parse::<JobDay>().unwrap().starts_at_ms(), midnight);
    }

    #[test]
    fn only_days_of_the_calendar_are_days() {
        for text in [
            "",
            "2025-6-20",
            "2025-06-31",
            "2025-02-29",
            "2025-13-01",
            "2025-00-10",
            "20250620",
            "2025-06-20T00",
            "+025-06-20",
            "-025-06-20",
            "２０２５-06-20",
            "2025-06-20-",
            "2025/06/20",
        ] {
            assert_eq!(text.parse::<JobDay>(), Err(JobDayError), "{text}");
        }
        assert!("2024-02-29".parse::<JobDay>().is_ok());
    }

    #[test]
    fn what_no_calendar_reaches_is_no_day() {
        assert_eq!(JobDay::at_millisecond(i64::MAX), None);
        assert_eq!(JobDay::at_millisecond(i64::MIN), None);
        assert_eq!(JobDay::at(UNIX_EPOCH - Duration::from_secs(1)), None);
    }
}
