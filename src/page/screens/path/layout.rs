//! Where things stand on the map: nodes in their countries, nodes of unknown country in a row below the land, and the ends,
//! which have no position, at the edges.

/// A point in units of the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub x: f64,
    pub y: f64,
    /// It stands where its country is.
    pub placed: bool,
}

/// All points of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// You, the hops, the destination.
    pub spots: Vec<Spot>,
    /// Height with the row below the land, if there is one.
    pub height: f64,
    /// Where that row is.
    pub row: Option<f64>,
}

/// Height of the row, and distance of the ends from the edge.
const ROW: f64 = 96.0;
const EDGE: f64 = 24.0;
/// Nodes nearer to each other than this are moved apart.
const APART: f64 = 26.0;

/// Lays a path out on a map of this size.
pub(super) fn layout(width: f64, height: f64, places: &[Option<(u16, u16)>]) -> Layout {
    let row = places
        .iter()
        .any(Option::is_none)
        .then_some(height + ROW / 2.0);
    let ends = row.unwrap_or(height - EDGE);
    let end = |x: f64| Spot {
        x,
        y: ends,
        placed: false,
    };
    let mut spots = vec![end(EDGE)];
    for (at, place) in places.iter().enumerate() {
        let step = (width - 2.0 * EDGE) / (places.len() + 1) as f64;
        let spot = match place {
            Some((x, y)) => free(&spots, f64::from(*x), f64::from(*y)),
            None => end(EDGE + step * (at + 1) as f64),
        };
        spots.push(spot);
    }
    spots.push(end(width - EDGE));
    Layout {
        spots,
        height: if row.is_some() { height + ROW } else { height },
        row,
    }
}

/// The place itself, or the nearest one to its right that no other node of the path has.
fn free(taken: &[Spot], x: f64, y: f64) -> Spot {
    let mut spot = Spot { x, y, placed: true };
    while taken
        .iter()
        .any(|other| other.placed && (other.x - spot.x).hypot(other.y - spot.y) < APART)
    {
        spot.x += APART;
    }
    spot
}

/// SVG path data: an arc from each point to the next, bent upwards the more the longer it is.
pub(super) fn way(spots: &[Spot]) -> String {
    let mut data = String::new();
    for (at, spot) in spots.iter().enumerate() {
        let step = match at.checked_sub(1).and_then(|before| spots.get(before)) {
            None => format!("M{:.1} {:.1}", spot.x, spot.y),
            // Within the row the way is straight.
            Some(before) if !before.placed && !spot.placed => {
                format!("L{:.1} {:.1}", spot.x, spot.y)
            }
            Some(before) => {
                let bend = (spot.x - before.x).hypot(spot.y - before.y) * 0.18;
                let (x, y) = ((before.x + spot.x) / 2.0, (before.y + spot.y) / 2.0 - bend);
                format!("Q{x:.1} {y:.1} {:.1} {:.1}", spot.x, spot.y)
            }
        };
        data.push_str(&step);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_countries_need_no_row() {
        let layout = layout(
            1000.0,
            400.0,
            &[Some((500, 80)), Some((200, 120)), Some((700, 90))],
        );
        assert_eq!(layout.height, 400.0);
        assert_eq!(layout.row, None);
        assert_eq!(layout.spots.len(), 5);
        assert_eq!((layout.spots[2].x, layout.spots[2].y), (200.0, 120.0));
    }

    #[test]
    fn unknown_countries_stand_in_a_row_below_the_land_from_left_to_right() {
        let layout = layout(1000.0, 400.0, &[None, None, None]);
        assert!(layout.height > 400.0);
        assert!(layout.spots.windows(2).all(|pair| pair[0].x < pair[1].x));
        assert!(
            layout
                .spots
                .iter()
                .all(|spot| Some(spot.y) == layout.row && !spot.placed)
        );
    }

    #[test]
    fn two_nodes_of_one_country_do_not_hide_each_other() {
        let layout = layout(
            1000.0,
            400.0,
            &[Some((500, 80)), Some((500, 80)), Some((510, 80))],
        );
        for (at, one) in layout.spots.iter().enumerate() {
            for other in &layout.spots[at + 1..] {
                assert!((one.x - other.x).hypot(one.y - other.y) >= APART);
            }
        }
    }

    #[test]
    fn a_way_begins_and_ends_at_the_ends() {
        let layout = layout(1000.0, 400.0, &[Some((500, 80)), None, None]);
        let way = way(&layout.spots);
        assert!(way.starts_with("M24.0 "), "{way}");
        assert!(way.contains('Q') && way.contains('L'), "{way}");
        assert!(way.ends_with("976.0 448.0"), "{way}");
    }
}
