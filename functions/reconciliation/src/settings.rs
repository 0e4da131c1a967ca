//! What the environment says of reconciliation.

use std::time::Duration;

use waas_callback_worker::EnvironmentError;

/// How it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `WAAS_RECONCILIATION`: `report`, or `apply`: what both sides agree upon, and is final, is put right by itself.
    pub is_applied: bool,
    /// `WAAS_RECONCILIATION_EVERY_SECONDS`: a run begins that long after the last began; a day.
    pub every: Duration,
    /// `WAAS_RECONCILIATION_AGE_SECONDS`: for how long an order has to be open before the platform is asked; a day.
    pub age: Duration,
    /// `WAAS_RECONCILIATION_GRACE_SECONDS`: for how long a payment may wait for its registration; an hour.
    pub grace: Duration,
    /// `WAAS_RECONCILIATION_EDGE_SECONDS`: what came that close to a midnight of the platform's may be of the day before or
    /// after; an hour.
    pub edge: Duration,
    /// `WAAS_RECONCILIATION_CALLS_PER_SECOND`: how often the platform is called at most; 10.
    pub calls_per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { is_applied: false, every: DAY, age: DAY, grace: HOUR, edge: HOUR, calls_per_second: 10 }
    }
}

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(31 * 24);
const MAX_CALLS_PER_SECOND: u32 = 1000;

impl Settings {
    /// Reads them; the usual ones where nothing is set.
    ///
    /// # Errors
    ///
    /// [`EnvironmentError`], which names the variable.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let optional = |name| lookup(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let malformed = |name, expected| EnvironmentError::Malformed { name, expected };
        let usual = Self::default();
        let time = |name, longest: Duration, usual| match optional(name) {
            None => Ok(usual),
            Some(text) => {
                let seconds = text.parse().ok().map(Duration::from_secs).filter(|time| *time <= longest);
                seconds.ok_or(malformed(name, "a number of seconds, and not too many"))
            }
        };
        let is_applied = match optional("WAAS_RECONCILIATION").as_deref() {
            None | Some("report") => false,
            Some("apply") => true,
            Some(_) => return Err(malformed("WAAS_RECONCILIATION", "report or apply")),
        };
        let calls_per_second = match optional("WAAS_RECONCILIATION_CALLS_PER_SECOND") {
            None => usual.calls_per_second,
            Some(text) => {
                let number = text.parse().ok().filter(|number| (1..=MAX_CALLS_PER_SECOND).contains(number));
                let expected = "a whole number from 1 to 1000";
                number.ok_or(malformed("WAAS_RECONCILIATION_CALLS_PER_SECOND", expected))?
            }
        };
        Ok(Self {
            is_applied,
            every: time("WAAS_RECONCILIATION_EVERY_SECONDS", MONTH, usual.every)?,
            age: time("WAAS_RECONCILIATION_AGE_SECONDS", MONTH, usual.age)?,
            grace: time("WAAS_RECONCILIATION_GRACE_SECONDS", MONTH, usual.grace)?,
            edge: time("WAAS_RECONCILIATION_EDGE_SECONDS", DAY / 2, usual.edge)?,
            calls_per_second,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, EnvironmentError> {
        Settings::read(&|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn it_only_reports_unless_it_is_told_to_apply() {
        assert_eq!(Settings::read(&|_| None), Ok(Settings::default()));
        assert!(!Settings::default().is_applied);
        assert!(read("WAAS_RECONCILIATION", "apply").unwrap().is_applied);
        assert_eq!(read("WAAS_RECONCILIATION", "report"), Ok(Settings::default()));
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (name, value) in [
            ("WAAS_RECONCILIATION", "Apply"),
            ("WAAS_RECONCILIATION_EVERY_SECONDS", "daily"),
            ("WAAS_RECONCILIATION_AGE_SECONDS", "-1"),
            ("WAAS_RECONCILIATION_GRACE_SECONDS", "2678401"),
            ("WAAS_RECONCILIATION_EDGE_SECONDS", "43201"),
            ("WAAS_RECONCILIATION_CALLS_PER_SECOND", "0"),
            ("WAAS_RECONCILIATION_CALLS_PER_SECOND", "1001"),
        ] {
            let error = read(name, value).unwrap_err();
            let is_named = matches!(error, EnvironmentError::Malformed { name: named, .. } if named == name);
            assert!(is_named, "{name}={value}: {error}");
        }
    }
}
