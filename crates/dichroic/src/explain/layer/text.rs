//! The words of a layer's explanation.

use super::{Kernels, LayerExplanation, Note, sides};
use crate::Shape;
use crate::explain::error::sizes;
use crate::layers::{Convolution, Layer, Sharing, Window, grouped};

/// The paragraphs for a convolution.
pub(super) fn convolution(
    explained: &LayerExplanation,
    convolution: &Convolution,
    kernels: &Kernels,
    (input, output): (&Shape, &Shape),
) -> Vec<Note> {
    let mut counts = counts(convolution, kernels);
    counts.push(format!("{} in all kernels", many(explained.weights, "weight")));
    counts.push(format!("{} parameters: {}", grouped(explained.parameters), explained.formula));
    if let Some(macs) = explained.macs {
        let how = match convolution.sharing {
            Sharing::AcrossInputChannels => ", if the channels are added up first",
            _ => "",
        };
        counts.push(format!("{} for one input{how}", many(macs, "multiply-add")));
    }
    vec![
        Note { about: "counts", lines: counts },
        Note { about: "output shape", lines: output_lines(convolution, input, output) },
        Note { about: "movement", lines: movement(convolution) },
        Note { about: "two pictures, one arithmetic", lines: pictures(convolution, kernels) },
    ]
}

fn counts(convolution: &Convolution, kernels: &Kernels) -> Vec<String> {
    let (filters, in_channels) = (convolution.filters as u64, convolution.in_channels as u64);
    let sides = sides(convolution);
    let filters_line =
        format!("{}: each makes one channel of the output, a feature map", many(filters, "filter"));
    let bias = match convolution.bias {
        true => format!(
            "{}, one a filter, added to every output value of its feature map",
            many(filters, "bias")
        ),
        false => "no biases".to_owned(),
    };
    let size = size_in_words(convolution);
    let per_kernel = format!("{} a kernel: {size}", many(kernels.per_kernel, "weight"));
    let channels = kernels.channels as u64;
    let per_filter = format!(
        "{} a filter: {} × {sides}",
        many(kernels.per_filter, "weight"),
        many(channels, "channel")
    );
    match convolution.sharing {
        Sharing::None => vec![
            filters_line,
            format!(
                "{}: one for each pair of an input channel and a filter, {in_channels} × {filters}",
                many(kernels.kernels, "kernel")
            ),
            per_kernel,
            per_filter,
            bias,
        ],
        Sharing::Grouped => vec![
            filters_line,
            format!(
                "{} of {} and {}: a filter sees the channels of its group only",
                many(convolution.groups as u64, "group"),
                many(channels, "channel"),
                many(filters / convolution.groups as u64, "filter")
            ),
            format!(
                "{}: one for each pair of a channel and a filter of the same group, {channels} × {filters}",
                many(kernels.kernels, "kernel")
            ),
            per_kernel,
            per_filter,
            bias,
        ],
        Sharing::Depthwise => vec![
            filters_line,
            format!(
                "{}: {} for each of {}, and no channel sees another",
                many(kernels.kernels, "kernel"),
                kernels.multiplier,
                many(in_channels, "input channel")
            ),
            format!(
                "{} a kernel, which is the whole filter: {size}",
                many(kernels.per_kernel, "weight")
            ),
            bias,
        ],
        Sharing::AcrossInputChannels => vec![
            filters_line,
            format!(
                "{}: one a filter, used on each of {}",
                many(kernels.kernels, "kernel"),
                many(in_channels, "input channel")
            ),
            format!(
                "{} a kernel, which is the whole filter: {size}; with a kernel of its own for each channel a filter would have {}",
                many(kernels.per_kernel, "weight"),
                grouped(kernels.per_kernel * in_channels)
            ),
            bias,
        ],
        Sharing::Separable => vec![
            format!(
                "two stages: {} of {size}, {} for each of {}, then {} of {} over the channels between",
                many(channels, "kernel"),
                kernels.multiplier,
                many(in_channels, "input channel"),
                many(filters, "filter"),
                sizes(&vec![1; convolution.rank])
            ),
            format!(
                "first stage: {channels} × {sides} = {}",
                many(channels * kernels.per_kernel, "weight")
            ),
            format!(
                "second stage: {filters} × {channels} × {} = {}",
                sizes(&vec![1; convolution.rank]),
                many(filters * channels, "weight")
            ),
            bias,
        ],
    }
}

fn output_lines(convolution: &Convolution, input: &Shape, output: &Shape) -> Vec<String> {
    let window = &convolution.window;
    let mut lines: Vec<String> = axis_names(convolution.rank)
        .iter()
        .enumerate()
        .map(|(axis, name)| match (input.spatial()[axis], output.spatial()[axis]) {
            (Some(size), Some(made)) => format!("{name}: {}", axis_line(window, axis, size, made)),
            _ => format!("{name}: open, as the input's"),
        })
        .collect();
    lines.push(format!("channels: {}, one for each filter", convolution.filters));
    lines
}

/// How one size of the output follows.
fn axis_line(window: &Window, axis: usize, size: usize, made: usize) -> String {
    let (kernel, dilation) = (window.size[axis], window.dilation_rate[axis]);
    let (before, after, strides) =
        (window.pad_before[axis], window.pad_after[axis], window.strides[axis]);
    let extent = (kernel - 1) * dilation + 1;
    let holes = match dilation {
        1 => String::new(),
        _ => format!(
            "; the kernel of {kernel} reaches over ({kernel} - 1) × {dilation} + 1 = {extent}"
        ),
    };
    if window.transposed {
        let whole = (size - 1) * strides + extent;
        let cut = before + after;
        let mut line = format!("({size} - 1) × {strides} + {extent}");
        if cut > 0 {
            line += &format!(" - {before} - {after} cut off");
        }
        if made + cut > whole {
            line += &format!(" + {} that no kernel reaches", made + cut - whole);
        }
        return format!("{line} = {made}{holes}");
    }
    let padding = match before + after {
        0 => String::new(),
        _ => format!(" + {before} + {after} zeros"),
    };
    format!("⌊({size}{padding} - {extent}) / {strides}⌋ + 1 = {made}{holes}")
}

fn movement(convolution: &Convolution) -> Vec<String> {
    let names = axis_names(convolution.rank);
    let along = match names {
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        names => names.join(", "),
    };
    let directions = many(convolution.rank as u64, "direction");
    let strides = sizes(&convolution.window.strides);
    let step =
        match (convolution.window.strides.iter().all(|&s| s == 1), convolution.window.transposed) {
            (true, _) => "one position at a time".to_owned(),
            (false, false) => {
                format!("{strides} positions at a time, so that the output is smaller")
            }
            (false, true) => format!(
                "{strides} output positions for each input position, so that the output is larger"
            ),
        };
    let channels = match convolution.sharing {
        Sharing::Depthwise => "it stays on its one channel",
        Sharing::AcrossInputChannels => "the same kernel lies on every channel at once",
        Sharing::Separable => {
            "a kernel of the first stage stays on its channel; the second stage has nowhere to move across channels, because it spans them all"
        }
        Sharing::Grouped => {
            "it does not move across channels, because a filter spans all those of its group"
        }
        Sharing::None => "it does not move across channels, because a filter spans them all",
    };
    let mut lines = vec![
        format!(
            "a kernel moves in {directions} ({along}), {step}; that is why it has rank {}",
            convolution.rank
        ),
        channels.to_owned(),
    ];
    if convolution.window.dilation_rate.iter().any(|&rate| rate > 1) {
        lines.push(format!(
            "neighbouring weights lie {} positions apart: the kernel sees further with the same number of weights",
            sizes(&convolution.window.dilation_rate)
        ));
    }
    if convolution.window.transposed {
        lines.push(
            "each input value is multiplied with the whole kernel and the products are added where they fall in the output: the way back of a convolution".to_owned(),
        );
    }
    lines
}

fn pictures(convolution: &Convolution, kernels: &Kernels) -> Vec<String> {
    let (rank, sides) = (convolution.rank, sides(convolution));
    let channels = kernels.channels as u64;
    let products = kernels.per_kernel * channels;
    let bias = if convolution.bias { ", and the bias is added" } else { "" };
    if convolution.window.transposed {
        return transposed_pictures(convolution, channels, bias);
    }
    let kernel = match rank {
        1 => format!("kernel of size {sides}"),
        _ => format!("{sides} kernel"),
    };
    match convolution.sharing {
        Sharing::Depthwise => vec![
            format!("as one {rank}-D filter: a filter is its one {kernel}; an output value is the sum of its {}{bias}", many(products, "product")),
            "as separate kernels: there is nothing to separate, a filter has one channel; to mix channels a 1×1 convolution has to follow".to_owned(),
        ],
        Sharing::AcrossInputChannels => vec![
            format!("as one {}-D filter: {channels} copies of the same {kernel}, one behind the other; {} give one output value{bias}", rank + 1, many(products, "product")),
            format!("as {} used {channels} times: each channel is filtered with it and the {channels} results are added; adding the channels first and filtering the sum once gives the same", many(1, "kernel")),
            "both are the same sum with its terms in another order".to_owned(),
        ],
        Sharing::Separable => vec![
            format!("as one {}-D filter: filter k acts like a {sides}×{} block whose slice for a channel is that channel's kernel times one number of the second stage; all filters share these slices", rank + 1, convolution.in_channels),
            format!("as separate kernels: each channel is filtered with its own {kernel}, then every filter adds the {channels} results with weights of its own{bias}"),
            "both give the same sums; the two stages need far fewer products".to_owned(),
        ],
        Sharing::None | Sharing::Grouped => {
            let whose = match convolution.sharing {
                Sharing::Grouped => " of its group",
                _ => "",
            };
            vec![
                format!("as one {}-D filter: a block of {sides}×{channels} weights is laid on the input; the {} are added up{bias}: one output value", rank + 1, many(products, "product")),
                format!("as {} of rank {rank}: each channel{whose} is filtered with a {kernel} of its own, and the {} are added up{bias}", many(channels, "separate kernel"), many(channels, "result")),
                format!("both are the same sum of {}, grouped in another way; Keras stores the second as the slices of the first", many(products, "product")),
            ]
        }
    }
}

/// A transposed filter is spread from each input; only some of its weights meet one output value.
fn transposed_pictures(convolution: &Convolution, channels: u64, bias: &str) -> Vec<String> {
    let (rank, sides, window) = (convolution.rank, sides(convolution), &convolution.window);
    let meeting = |axis: usize| {
        let (strides, dilation) = (window.strides[axis], window.dilation_rate[axis]);
        // Weights that reach the same output lie this many apart.
        let apart = (1..=strides).find(|weights| (weights * dilation).is_multiple_of(strides));
        window.size[axis].div_ceil(apart.unwrap_or(strides)) as u64
    };
    let products = (0..rank).map(meeting).product::<u64>() * channels;
    vec![
        format!(
            "as one {}-D filter: a block of {sides}×{channels} weights is spread over the output from every input position; at most {} fall on one output value and are added up{bias}",
            rank + 1,
            many(products, "product")
        ),
        format!(
            "as {} of rank {rank}: each channel is spread with a kernel of {} of its own, and the {} are added up{bias}",
            many(channels, "separate kernel"),
            size_in_words(convolution),
            many(channels, "result")
        ),
        "both are the same sum, grouped in another way; Keras stores the second as the slices of the first".to_owned(),
    ]
}

/// The kernel's sides in words: `3×3`, along one axis `size 3`.
fn size_in_words(convolution: &Convolution) -> String {
    match convolution.rank {
        1 => format!("size {}", sides(convolution)),
        _ => sides(convolution),
    }
}

/// The paragraphs for a layer that is no convolution.
pub(super) fn other(
    explained: &LayerExplanation,
    kind: &dyn Layer,
    inputs: &[Shape],
    output: &Shape,
) -> Vec<Note> {
    let mut counts = match explained.class_name.as_str() {
        "Dense" => dense(explained, output),
        _ => explained.terms.iter().map(term_line).collect(),
    };
    counts.push(match explained.parameters {
        0 => "no parameters: nothing here is learned".to_owned(),
        parameters => format!("{}: {}", many(parameters, "parameter"), explained.formula),
    });
    if let Some(macs) = explained.macs.filter(|&macs| macs > 0) {
        counts.push(format!("{} for one input", many(macs, "multiply-add")));
    }
    let mut notes = vec![Note { about: "counts", lines: counts }];
    if let Some(line) = purpose(&explained.class_name, kind, inputs) {
        notes.push(Note { about: "what it does", lines: vec![line] });
    }
    notes
}

fn dense(explained: &LayerExplanation, output: &Shape) -> Vec<String> {
    let units = output.channels().unwrap_or(0) as u64;
    let each = explained.weights.checked_div(units).unwrap_or(0);
    vec![
        format!(
            "{}: each has a weight for every one of {}",
            many(units, "unit"),
            many(each, "input")
        ),
        format!("{} × {} = {}", grouped(units), grouped(each), many(explained.weights, "weight")),
        match explained.biases {
            0 => "no biases".to_owned(),
            biases => format!("{}, one a unit", many(biases, "bias")),
        },
    ]
}

fn term_line(term: &super::TermExplanation) -> String {
    let fixed = match term.trainable {
        true => "",
        false => ", kept up to date while training, not learned by gradients",
    };
    format!("{}: {}{fixed}", term.weight, term.formula)
}

fn purpose(class_name: &str, kind: &dyn Layer, inputs: &[Shape]) -> Option<String> {
    let pooled = |how: &str| {
        let window = kind.window(inputs)?;
        Some(format!(
            "takes the {how} of each {} window, channel by channel, every {} positions",
            sizes(&window.size),
            sizes(&window.strides)
        ))
    };
    let text = match class_name {
        name if name.starts_with("GlobalMax") => {
            "takes the largest value of each channel over all positions"
        }
        name if name.starts_with("GlobalAverage") => {
            "takes the mean of each channel over all positions"
        }
        name if name.starts_with("MaxPooling") => return pooled("largest value"),
        name if name.starts_with("AveragePooling") => return pooled("mean"),
        name if name.starts_with("ZeroPadding") => "puts zeros around every channel",
        name if name.starts_with("Cropping") => "cuts cells off the edges of every channel",
        name if name.starts_with("UpSampling") => {
            let config = kind.config();
            match config.get("interpolation").and_then(serde_json::Value::as_str) {
                None | Some("nearest") => "repeats positions, channel by channel",
                Some(how) => {
                    return Some(format!("interpolates positions ({how}), channel by channel"));
                }
            }
        }
        "Dense" => {
            "every unit adds up all inputs with weights of its own: a 1×1 convolution at each position"
        }
        "BatchNormalization" => {
            "brings each channel to mean 0 and variance 1 over the batch, then scales by gamma and shifts by beta; afterwards the moving statistics stand in for the batch's"
        }
        "LayerNormalization" => {
            "brings the values of each item to mean 0 and variance 1, then scales by gamma and shifts by beta"
        }
        "PReLU" => "keeps positive values and multiplies negative ones by a learned slope",
        "Flatten" => "writes all values of an item into one row, the channels running fastest",
        "Reshape" => "gives the values of an item other axes, in the same order",
        "Permute" => "swaps axes",
        "RepeatVector" => "repeats the row",
        "Dropout" => {
            "in training sets a random part of the values to 0 and scales up the others; otherwise passes everything"
        }
        "Rescaling" => "multiplies by a scale and adds an offset",
        "Add" => "adds its inputs, value by value",
        "Subtract" => "subtracts the second input from the first, value by value",
        "Multiply" => "multiplies its inputs, value by value",
        "Average" => "takes the mean of its inputs, value by value",
        "Maximum" => "takes the largest of its inputs, value by value",
        "Minimum" => "takes the smallest of its inputs, value by value",
        "Concatenate" => "puts its inputs behind each other along one axis",
        "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "Softmax" => {
            "applies a fixed function; every value by itself, but softmax, which makes values along an axis add up to 1"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// The spatial axes by name.
fn axis_names(rank: usize) -> &'static [&'static str] {
    match rank {
        1 => &["width"],
        2 => &["height", "width"],
        _ => &["depth", "height", "width"],
    }
}

/// A number of things, in the singular for one: `1 filter`, `1,024 biases`.
fn many(count: u64, what: &str) -> String {
    let plural = match (count, what) {
        (1, what) => what.to_owned(),
        (_, "bias") => "biases".to_owned(),
        (_, what) => format!("{what}s"),
    };
    format!("{} {plural}", grouped(count))
}
