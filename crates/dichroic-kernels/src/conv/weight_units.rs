//! Which places and taps of a weight gradient are summed together.

use std::ops::Range;

use super::ConvProblem;
use super::weight_tile::Segment;

/// Rows of the weight gradient that are summed over the same places.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// The first row of the weight gradient, seen as (taps × group channels, filters).
    pub row: usize,
    pub rows: usize,
    /// From `o × strides` to the input place, along each axis.
    offset: [isize; 3],
    /// Output columns for which the unit's taps lie inside the input.
    columns: [Range<usize>; 2],
    /// True for the first unit of its rows.
    pub starts: bool,
}

impl Unit {
    /// Lists the places of a chunk at which its taps lie inside the input, as pieces of rows.
    ///
    /// There are at most as many as places.
    #[inline(always)]
    pub fn segments(&self, p: &ConvProblem, chunk: Range<usize>, list: &mut [Segment]) -> usize {
        let [depth, height, width] = p.output();
        let mut count = 0;
        let mut line = chunk.start / width;
        while line * width < chunk.end {
            let (n, od, oh) = (line / (depth * height), line / height % depth, line % height);
            let id = (od * p.strides[0]) as isize + self.offset[0];
            let ih = (oh * p.strides[1]) as isize + self.offset[1];
            let first = line * width;
            line += 1;
            if id as usize >= p.input[0] || ih as usize >= p.input[1] {
                continue;
            }
            let input_line = (n * p.input[0] + id as usize) * p.input[1] + ih as usize;
            for columns in &self.columns {
                let from = columns.start.max(chunk.start.saturating_sub(first));
                let to = columns.end.min(chunk.end - first);
                if from >= to {
                    continue;
                }
                let iw = (from * p.strides[2]) as isize + self.offset[2];
                let segment = Segment {
                    input: ((input_line * p.input[2]) as isize + iw) * p.in_channels as isize,
                    place: first + from - chunk.start,
                    places: to - from,
                };
                // Rows that follow each other without a gap, as in a 1×1 convolution, are one.
                let step = (p.strides[2] * p.in_channels) as isize;
                match list[..count].last_mut() {
                    Some(last)
                        if last.input + last.places as isize * step == segment.input
                            && last.place + last.places == segment.place =>
                    {
                        last.places += segment.places;
                    }
                    _ => {
                        list[count] = segment;
                        count += 1;
                    }
                }
            }
        }
        count
    }
}

/// Output columns for which input place `o × stride + offset` lies inside.
fn inside(p: &ConvProblem, offset: isize) -> Range<usize> {
    let (size, stride) = (p.input[2] as isize, p.strides[2] as isize);
    let ceil = |x: isize| if x <= 0 { 0 } else { (x + stride - 1) / stride };
    let columns = p.output()[2];
    let start = (ceil(-offset) as usize).min(columns);
    start..(ceil(size - offset) as usize).clamp(start, columns)
}

/// One unit for each tap; or, where rows of a tile can span the taps along the width, one unit for
/// such a row of taps and the columns at which all lie inside, and one for each tap at the borders.
///
/// That is so for few channels that lie side by side: the 3 channels × 7 taps of a picture's first layer fill tiles that 3 rows would leave empty.
pub(super) fn units(p: &ConvProblem) -> Vec<Unit> {
    const FEW_CHANNELS: usize = 8;
    let channels = p.group_channels();
    let side_by_side = p.groups == 1 && p.dilation_rate[2] == 1 && channels <= FEW_CHANNELS;
    let joined = side_by_side && p.kernel[2] > 1;
    let offset =
        |axis: usize, t: usize| (t * p.dilation_rate[axis]) as isize - p.pad_before[axis] as isize;
    let mut units = Vec::new();
    let none = || 0..0;
    for kd in 0..p.kernel[0] {
        for kh in 0..p.kernel[1] {
            let row = |kw: usize| ((kd * p.kernel[1] + kh) * p.kernel[2] + kw) * channels;
            let offsets = |kw: usize| [offset(0, kd), offset(1, kh), offset(2, kw)];
            let mut all = none();
            if joined {
                let last = inside(p, offset(2, p.kernel[2] - 1));
                let first = inside(p, offset(2, 0));
                all = first.start.max(last.start)..first.end.min(last.end);
                if all.is_empty() {
                    all = none();
                } else {
                    let columns = [all.clone(), none()];
                    let rows = p.kernel[2] * channels;
                    units.push(Unit {
                        row: row(0),
                        rows,
                        offset: offsets(0),
                        columns,
                        starts: true,
                    });
                }
            }
            for kw in 0..p.kernel[2] {
                let own = inside(p, offset(2, kw));
                let columns = if all.is_empty() {
                    [own, none()]
                } else {
                    [own.start..all.start.min(own.end), all.end.max(own.start)..own.end]
                };
                let starts = all.is_empty();
                if starts || columns.iter().any(|columns| !columns.is_empty()) {
                    let (row, offset) = (row(kw), offsets(kw));
                    units.push(Unit { row, rows: channels, offset, columns, starts });
                }
            }
        }
    }
    units
}
