//! The words of a convolution's explanation.

use super::{Kernels, LayerExplanation, Note, sides};
use crate::Shape;
use crate::explain::error::sizes;
use crate::explain::message::Message;
use crate::explain::message::words::{count, layer as words};
use crate::layers::{Convolution, Sharing, Window};

/// The paragraphs for a convolution.
pub(super) fn convolution(
    explained: &LayerExplanation,
    convolution: &Convolution,
    kernels: &Kernels,
    (input, output): (&Shape, &Shape),
) -> Vec<Note> {
    let mut counts = counts(convolution, kernels);
    counts.push(words::all_weights(count::weights(explained.weights)));
    counts.push(words::parameters(explained.parameters, explained.formula.clone()));
    if let Some(macs) = explained.macs.map(count::multiply_adds) {
        counts.push(match convolution.sharing {
            Sharing::AcrossInputChannels => words::cost_channels_first(macs),
            _ => words::cost(macs),
        });
    }
    vec![
        Note { about: words::about_counts(), lines: counts },
        Note {
            about: words::about_output_shape(),
            lines: output_lines(convolution, input, output),
        },
        Note { about: words::about_movement(), lines: movement(convolution) },
        Note { about: words::about_pictures(), lines: pictures(convolution, kernels) },
    ]
}

fn counts(convolution: &Convolution, kernels: &Kernels) -> Vec<Message> {
    let (filters, in_channels) = (convolution.filters, convolution.in_channels as u64);
    let all_kernels = count::kernels(kernels.kernels);
    let weights = count::weights(kernels.per_kernel);
    let size = size_in_words(convolution);
    let mut lines = match convolution.sharing {
        Sharing::Separable => Vec::new(),
        _ => vec![words::filters(count::filters(filters as u64))],
    };
    match convolution.sharing {
        Sharing::None => lines.extend([
            words::kernels_of_pairs(all_kernels, convolution.in_channels, filters),
            words::weights_of_kernel(weights, size),
            weights_of_filter(convolution, kernels),
        ]),
        Sharing::Grouped => lines.extend([
            words::groups(
                count::groups(convolution.groups as u64),
                count::channels(kernels.channels as u64),
                count::filters((filters / convolution.groups) as u64),
            ),
            words::kernels_of_groups(all_kernels, kernels.channels, filters),
            words::weights_of_kernel(weights, size),
            weights_of_filter(convolution, kernels),
        ]),
        Sharing::Depthwise => lines.extend([
            words::kernels_of_channels(
                all_kernels,
                kernels.multiplier,
                count::input_channels(in_channels),
            ),
            words::weights_of_only_kernel(weights, size),
        ]),
        Sharing::AcrossInputChannels => lines.extend([
            words::kernels_shared(all_kernels, count::input_channels(in_channels)),
            words::weights_of_shared_kernel(weights, size, kernels.per_kernel * in_channels),
        ]),
        Sharing::Separable => lines.extend(stages(convolution, kernels)),
    }
    lines.push(match convolution.bias {
        true => words::biases(count::biases(filters as u64)),
        false => words::no_biases(),
    });
    lines
}

fn weights_of_filter(convolution: &Convolution, kernels: &Kernels) -> Message {
    words::weights_of_filter(
        count::weights(kernels.per_filter),
        count::channels(kernels.channels as u64),
        sides(convolution),
    )
}

/// The two stages of a separable convolution, and the weights of each.
fn stages(convolution: &Convolution, kernels: &Kernels) -> [Message; 3] {
    let (filters, between) = (convolution.filters, kernels.channels);
    let ones = sizes(&vec![1; convolution.rank]);
    let first = count::weights(between as u64 * kernels.per_kernel);
    let second = count::weights(filters as u64 * between as u64);
    [
        words::two_stages(
            count::kernels(between as u64),
            size_in_words(convolution),
            kernels.multiplier,
            count::input_channels(convolution.in_channels as u64),
            words::filters_of_size(count::filters(filters as u64), ones.as_str()),
        ),
        words::first_stage(between, sides(convolution), first),
        words::second_stage(filters, between, ones, second),
    ]
}

fn output_lines(convolution: &Convolution, input: &Shape, output: &Shape) -> Vec<Message> {
    let window = &convolution.window;
    let mut lines: Vec<Message> = axis_names(convolution.rank)
        .into_iter()
        .enumerate()
        .map(|(axis, name)| match (input.spatial()[axis], output.spatial()[axis]) {
            (Some(size), Some(made)) => words::axis(name, axis_line(window, axis, size, made)),
            _ => words::axis_open(name),
        })
        .collect();
    lines.push(words::output_channels(convolution.filters));
    lines
}

/// How one size of the output follows.
fn axis_line(window: &Window, axis: usize, size: usize, made: usize) -> Message {
    let (kernel, dilation) = (window.size[axis], window.dilation_rate[axis]);
    let extent = (kernel - 1) * dilation + 1;
    let derivation = match window.transposed {
        true => spread(window, axis, size, made),
        false => {
            let (before, after) = (window.pad_before[axis], window.pad_after[axis]);
            let size = match before + after {
                0 => Message::verbatim(size.to_string()),
                _ => words::padded(size, before, after),
            };
            words::gathered(size, extent, window.strides[axis], made)
        }
    };
    match dilation {
        1 => derivation,
        _ => words::dilated_extent(derivation, kernel, dilation, extent),
    }
}

/// How one size of a transposed convolution's output follows.
fn spread(window: &Window, axis: usize, size: usize, made: usize) -> Message {
    let (before, after, strides) =
        (window.pad_before[axis], window.pad_after[axis], window.strides[axis]);
    let extent = (window.size[axis] - 1) * window.dilation_rate[axis] + 1;
    let whole = (size - 1) * strides + extent;
    let cut = before + after;
    let mut derivation = Message::verbatim(format!("({size} - 1) × {strides} + {extent}"));
    if cut > 0 {
        derivation = words::cut_off(derivation, before, after);
    }
    if made + cut > whole {
        derivation = words::unreached(derivation, made + cut - whole);
    }
    Message::joined(vec![derivation, Message::verbatim(made.to_string())], " = ")
}

fn movement(convolution: &Convolution) -> Vec<Message> {
    let window = &convolution.window;
    let axes = match convolution.rank {
        1 => words::axes_one(),
        2 => words::axes_two(),
        _ => words::axes_three(),
    };
    let strides = sizes(&window.strides);
    let step = match (window.strides.iter().all(|&s| s == 1), window.transposed) {
        (true, _) => words::step_one(),
        (false, false) => words::step_gathering(strides),
        (false, true) => words::step_spreading(strides),
    };
    let spans = match convolution.sharing {
        Sharing::Depthwise => words::spans_one_channel(),
        Sharing::AcrossInputChannels => words::spans_channels_at_once(),
        Sharing::Separable => words::spans_in_stages(),
        Sharing::Grouped => words::spans_group(),
        Sharing::None => words::spans_channels(),
    };
    let directions = count::directions(convolution.rank as u64);
    let mut lines = vec![words::moves(directions, axes, step, convolution.rank), spans];
    if window.dilation_rate.iter().any(|&rate| rate > 1) {
        lines.push(words::dilated(sizes(&window.dilation_rate)));
    }
    if window.transposed {
        lines.push(words::transposed());
    }
    lines
}

fn pictures(convolution: &Convolution, kernels: &Kernels) -> Vec<Message> {
    let (rank, sides, channels) = (convolution.rank, sides(convolution), kernels.channels);
    let bias = match convolution.bias {
        true => words::and_bias(),
        false => Message::verbatim(""),
    };
    if convolution.window.transposed {
        return transposed_pictures(convolution, channels, bias);
    }
    let kernel = match rank {
        1 => words::kernel_of_size(sides.as_str()),
        _ => words::kernel_of_sides(sides.as_str()),
    };
    let products = count::products(kernels.per_kernel * channels as u64);
    match convolution.sharing {
        Sharing::Depthwise => vec![
            words::block_of_one_channel(rank, kernel, products, bias),
            words::column_of_one_channel(),
        ],
        Sharing::AcrossInputChannels => vec![
            words::block_shared(rank + 1, channels, kernel, products, bias),
            words::column_shared(channels),
            words::same_sum_shared(),
        ],
        Sharing::Separable => vec![
            words::block_in_stages(rank + 1, sides, convolution.in_channels),
            words::column_in_stages(kernel, channels, bias),
            words::same_sum_in_stages(),
        ],
        Sharing::None | Sharing::Grouped => {
            let column = match convolution.sharing {
                Sharing::Grouped => words::column_of_group,
                _ => words::column,
            };
            let separate = count::separate_kernels(channels as u64);
            let results = count::results(channels as u64);
            vec![
                words::block(rank + 1, sides, channels, products.clone(), bias.clone()),
                column(separate, rank, kernel, results, bias),
                words::same_sum(products),
            ]
        }
    }
}

/// A transposed filter is spread from each input; only some of its weights meet one output value.
fn transposed_pictures(convolution: &Convolution, channels: usize, bias: Message) -> Vec<Message> {
    let (rank, window) = (convolution.rank, &convolution.window);
    let meeting = |axis: usize| {
        let (strides, dilation) = (window.strides[axis], window.dilation_rate[axis]);
        // Weights that reach the same output lie this many apart.
        let apart = (1..=strides).find(|weights| (weights * dilation).is_multiple_of(strides));
        window.size[axis].div_ceil(apart.unwrap_or(strides)) as u64
    };
    let products = count::products((0..rank).map(meeting).product::<u64>() * channels as u64);
    let separate = count::separate_kernels(channels as u64);
    let results = count::results(channels as u64);
    vec![
        words::block_spread(rank + 1, sides(convolution), channels, products, bias.clone()),
        words::column_spread(separate, rank, size_in_words(convolution), results, bias),
        words::same_sum_spread(),
    ]
}

/// The kernel's sides in words: `3×3`, along one axis `size 3`.
fn size_in_words(convolution: &Convolution) -> Message {
    match convolution.rank {
        1 => words::size_of_one_axis(sides(convolution)),
        _ => Message::verbatim(sides(convolution)),
    }
}

/// The spatial axes by name.
fn axis_names(rank: usize) -> Vec<Message> {
    let mut names = vec![words::axis_depth(), words::axis_height(), words::axis_width()];
    names.split_off(names.len().saturating_sub(rank))
}
