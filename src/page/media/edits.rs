//! What is to be changed about a picture before it is sent (screens 9.7, V10): turned, cut, and marked. No pixels here.

/// A part of a picture, from one corner to another; places are parts of its width and height, 0 to 1. An arrow goes from the
/// first to the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Area {
    pub(super) const WHOLE: Self = Self {
        x0: 0.0,
        y0: 0.0,
        x1: 1.0,
        y1: 1.0,
    };
    /// Where a mark is put that nobody placed.
    pub(super) const MIDDLE: Self = Self {
        x0: 0.35,
        y0: 0.35,
        x1: 0.65,
        y1: 0.65,
    };

    /// The same corners, left and upper first.
    pub(super) fn ordered(self) -> Self {
        Self {
            x0: self.x0.min(self.x1),
            y0: self.y0.min(self.y1),
            x1: self.x0.max(self.x1),
            y1: self.y0.max(self.y1),
        }
    }

    /// Too small to have been meant.
    pub(super) fn is_speck(self) -> bool {
        const LEAST: f64 = 0.01;
        (self.x1 - self.x0).abs() < LEAST && (self.y1 - self.y0).abs() < LEAST
    }

    /// Left, top, width and height in pixels, at least one of each.
    pub(super) fn pixels(self, width: f64, height: f64) -> (f64, f64, f64, f64) {
        let area = self.ordered();
        let (x, y) = ((area.x0 * width).floor(), (area.y0 * height).floor());
        let right = (area.x1 * width).ceil().clamp(x + 1.0, width.max(x + 1.0));
        let bottom = (area.y1 * height)
            .ceil()
            .clamp(y + 1.0, height.max(y + 1.0));
        (x, y, right - x, bottom - y)
    }

    /// Where it lies when the picture is turned by a quarter, clockwise.
    fn turned(self) -> Self {
        Self {
            x0: 1.0 - self.y0,
            y0: self.x0,
            x1: 1.0 - self.y1,
            y1: self.x1,
        }
    }
}

/// What is put on a picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// So coarse that no letter is left.
    Blur,
    /// Black.
    Cover,
    Arrow,
    Text(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub kind: Kind,
    pub area: Area,
}

/// Everything that changes. Marks and the cut lie on the picture as it stands after it was turned.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edit {
    /// Quarter turns, clockwise.
    pub turns: u8,
    pub cut: Area,
    pub marks: Vec<Mark>,
}

impl Edit {
    pub(super) const NONE: Self = Self {
        turns: 0,
        cut: Area::WHOLE,
        marks: Vec::new(),
    };

    /// One more quarter turn, and everything turns along. Words stay upright.
    pub(super) fn turned(mut self) -> Self {
        self.turns = (self.turns + 1) % 4;
        self.cut = self.cut.turned().ordered();
        for mark in &mut self.marks {
            mark.area = mark.area.turned();
        }
        self
    }

    /// Width and height of a picture of this size after it was turned.
    pub(super) fn size(&self, width: f64, height: f64) -> (f64, f64) {
        if self.turns.is_multiple_of(2) {
            (width, height)
        } else {
            (height, width)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarter_turns_change_nothing() {
        let mut edit = Edit::NONE;
        edit.cut = Area {
            x0: 0.25,
            y0: 0.0,
            x1: 0.5,
            y1: 0.75,
        };
        edit.marks.push(Mark {
            kind: Kind::Arrow,
            area: Area::WHOLE,
        });
        let once = edit.clone().turned();
        assert_eq!(
            once.cut,
            Area {
                x0: 0.25,
                y0: 0.25,
                x1: 1.0,
                y1: 0.5
            }
        );
        // The arrow pointed down to the right, and now to the left.
        assert_eq!((once.marks[0].area.x0, once.marks[0].area.x1), (1.0, 0.0));
        assert_eq!(once.size(400.0, 300.0), (300.0, 400.0));
        assert_eq!(once.turned().turned().turned(), edit);
    }

    #[test]
    fn an_area_has_pixels_and_none_outside_the_picture() {
        let backwards = Area {
            x0: 0.9,
            y0: 0.5,
            x1: 0.1,
            y1: 0.5,
        };
        assert_eq!(backwards.pixels(100.0, 50.0), (10.0, 25.0, 80.0, 1.0));
        assert_eq!(Area::WHOLE.pixels(7.0, 3.0), (0.0, 0.0, 7.0, 3.0));
        let edge = Area {
            x0: 1.0,
            y0: 1.0,
            x1: 1.0,
            y1: 1.0,
        };
        assert_eq!(edge.pixels(10.0, 10.0), (10.0, 10.0, 1.0, 1.0));
        assert!(edge.is_speck() && !backwards.is_speck());
    }
}
