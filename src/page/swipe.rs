//! A finger that moves something sideways: how far, and whether far enough. Whatever a swipe does has a button and a key as
//! well (screens 21).

use leptos::prelude::*;
use web_sys::PointerEvent;

/// So far a finger goes before it counts as moving sideways (CSS px).
const SLOP: f64 = 12.0;
/// From here on a swipe acts when the finger leaves.
const FAR: f64 = 64.0;
/// What is swiped goes no further.
const MOST: f64 = 96.0;

/// Where something was swiped to, as people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Towards {
    Start,
    End,
}

/// The finger on one thing.
#[derive(Clone, Copy)]
pub(crate) struct Swipe {
    from: StoredValue<Option<(f64, f64)>>,
    /// How far it is moved towards the end (CSS px); 0: not at all.
    pub by: RwSignal<f64>,
}

impl Swipe {
    pub(crate) fn new() -> Self {
        Self {
            from: StoredValue::new(None),
            by: RwSignal::new(0.0),
        }
    }

    pub(crate) fn down(self, event: &PointerEvent) {
        let place = (f64::from(event.client_x()), f64::from(event.client_y()));
        self.from
            .set_value((event.pointer_type() == "touch" && event.is_primary()).then_some(place));
    }

    /// Follows the finger. True once it moves sideways.
    pub(crate) fn moved(self, event: &PointerEvent) -> bool {
        let Some((x, y)) = self.from.get_value() else {
            return false;
        };
        let (across, down) = (
            f64::from(event.client_x()) - x,
            f64::from(event.client_y()) - y,
        );
        let going = self.by.get_untracked() != 0.0;
        if !going && !is_sideways(across, down) {
            return false;
        }
        let across = if document().dir() == "rtl" {
            -across
        } else {
            across
        };
        self.by.set(across.clamp(-MOST, MOST));
        true
    }

    /// The finger is gone.
    pub(crate) fn up(self) -> Option<Towards> {
        let by = self.by.get_untracked();
        self.cancel();
        towards(by)
    }

    pub(crate) fn cancel(self) {
        self.from.set_value(None);
        if self.by.get_untracked() != 0.0 {
            self.by.set(0.0);
        }
    }

    /// Where it would go now. Tracks it.
    pub(crate) fn far(self) -> Option<Towards> {
        towards(self.by.get())
    }

    /// The place of what is swiped, for `transform`. Tracks it.
    pub(crate) fn transform(self) -> Option<String> {
        let by = self.by.get();
        let across = if document().dir() == "rtl" { -by } else { by };
        (by != 0.0).then(|| format!("translateX({across}px)"))
    }
}

fn is_sideways(across: f64, down: f64) -> bool {
    across.abs() > SLOP && across.abs() > 2.0 * down.abs()
}

fn towards(by: f64) -> Option<Towards> {
    if by >= FAR {
        Some(Towards::End)
    } else if by <= -FAR {
        Some(Towards::Start)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finger_that_scrolls_does_not_swipe() {
        assert!(is_sideways(20.0, 5.0) && is_sideways(-20.0, 5.0));
        assert!(!is_sideways(20.0, 15.0) && !is_sideways(8.0, 0.0));
    }

    #[test]
    fn a_swipe_acts_only_when_it_is_far() {
        assert_eq!(towards(63.0), None);
        assert_eq!(towards(64.0), Some(Towards::End));
        assert_eq!(towards(-64.0), Some(Towards::Start));
    }
}
