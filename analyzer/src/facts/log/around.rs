//! What other programs logged around a kill: the unit that failed, the container runtime's notice,
//! the program behind a runtime's name.

use super::{audit::Exec, containers::ContainerOom, said::Said, stamp::Stamp, systemd::UnitExit};
use crate::facts::{Evidence, oom::event::OomEvent};

/// How long after a kill systemd may log the exit of the process.
const EXIT_SECONDS_MAX: f64 = 5.0;

/// How far the runtime's notice may be from the kill.
const NOTICE_SECONDS_MAX: f64 = 60.0;

/// How far a program start may be from the kill of a process of the same name: the one before is
/// the victim itself, the one after its next copy.
const START_SECONDS_MAX: f64 = 600.0;

/// Lines of other programs, of all logs.
#[derive(Debug, Default)]
pub struct Around {
    pub(super) exits: Vec<Said<UnitExit>>,
    pub(super) notices: Vec<Said<ContainerOom>>,
    pub(super) execs: Vec<Exec>,
}

impl Around {
    /// The unit whose main process was killed right after this event.
    pub(in crate::facts) fn failed_unit(
        &self,
        event: &OomEvent,
    ) -> Option<(String, Vec<Evidence>)> {
        if !event.names_victim() {
            return None;
        }
        let exit = self.exits.iter().find(|exit| {
            let after = seconds(event.last_stamp.as_ref(), exit.stamp.as_ref());
            exit.value.killed
                && !exit.value.by_systemd
                && same_host(event, exit.host.as_deref())
                && after.is_some_and(|s| (-1.0..=EXIT_SECONDS_MAX).contains(&s))
        })?;
        Some((exit.value.unit.clone(), exit.evidence.clone()))
    }

    /// The runtime's notice about this container.
    pub(in crate::facts) fn container_notice(
        &self,
        container_id: &str,
        event: &OomEvent,
    ) -> Option<Vec<Evidence>> {
        let notice = self.notices.iter().find(|notice| {
            notice.value.container_id == container_id
                && seconds(
                    event.stamp.as_ref().map(|s| &s.value),
                    notice.stamp.as_ref(),
                )
                .is_none_or(|s| s.abs() <= NOTICE_SECONDS_MAX)
        })?;
        Some(notice.evidence.clone())
    }

    /// The program behind the victim's name, by the audit records: its own start, or the starts of
    /// that name on this host near the kill when they all agree.
    pub(in crate::facts) fn program(
        &self,
        comm: &str,
        pid: Option<u64>,
        event: &OomEvent,
    ) -> Option<(String, Vec<Evidence>)> {
        let mut found: Option<(String, Vec<Evidence>)> = None;
        for exec in &self.execs {
            let near = seconds(event.stamp.as_ref().map(|s| &s.value), exec.stamp.as_ref())
                .is_some_and(|s| s.abs() <= START_SECONDS_MAX);
            let own = pid.is_some() && exec.pid == pid;
            if !same_host(event, exec.host.as_deref()) || !(own || near && exec.named(comm)) {
                continue;
            }
            let Some(program) = exec.program() else {
                continue;
            };
            if own {
                return Some((program, exec.evidence.clone()));
            }
            match &found {
                Some((other, _)) if *other != program => return None,
                Some(_) => {}
                None => found = Some((program, exec.evidence.clone())),
            }
        }
        found
    }
}

impl Exec {
    fn named(&self, comm: &str) -> bool {
        self.comm.as_deref() == Some(comm)
            || self
                .arguments
                .first()
                .is_some_and(|path| path.rsplit('/').next() == Some(comm))
    }
}

fn seconds(from: Option<&Stamp>, to: Option<&Stamp>) -> Option<f64> {
    from?.seconds_until(to?)
}

/// Whether a line may come from the host of the event; a log without host names is of one host.
fn same_host(event: &OomEvent, host: Option<&str>) -> bool {
    match (&event.host, host) {
        (Some(ours), Some(theirs)) => ours.value == theirs,
        _ => true,
    }
}
