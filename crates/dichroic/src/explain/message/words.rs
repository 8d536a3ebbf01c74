//! Every message of the catalogue as a function of its arguments.

use super::{Argument, Message};

/// Declares messages: the id in the catalogue, the function that makes it, and its arguments.
macro_rules! messages {
    ($($(#[$about:meta])* $visible:vis mod $module:ident {
        $($id:literal $name:ident($($argument:ident),*);)*
    })*) => {
        $($(#[$about])* $visible mod $module {
            use super::{Argument, Message};

            $(
                #[doc = concat!("The message `", $id, "`.")]
                pub fn $name($($argument: impl Into<Argument>),*) -> Message {
                    Message::entry($id, vec![$((stringify!($argument), $argument.into())),*])
                }
            )*
        })*

        /// Each id with the names of its arguments.
        #[cfg(test)]
        pub(super) const DECLARED: &[(&str, &[&str])] =
            &[$($(($id, &[$(stringify!($argument)),*]),)*)*];
    };
}

messages! {
    /// Things that are counted.
    pub(in crate::explain) mod count {
        "count-filters" filters(count);
        "count-kernels" kernels(count);
        "count-separate-kernels" separate_kernels(count);
        "count-weights" weights(count);
        "count-biases" biases(count);
        "count-channels" channels(count);
        "count-input-channels" input_channels(count);
        "count-groups" groups(count);
        "count-channels-of-group" channels_of_group(count);
        "count-filters-of-channel" filters_of_channel(count);
        "count-products" products(count);
        "count-results" results(count);
        "count-directions" directions(count);
        "count-multiply-adds" multiply_adds(count);
        "count-parameters" parameters(count);
        "count-units" units(count);
        "count-inputs" inputs(count);
        "count-gammas" gammas(count);
        "count-betas" betas(count);
        "count-alphas" alphas(count);
        "count-values" values(count);
        "count-means" means(count);
        "count-variances" variances(count);
        "count-counts" counts(count);
        "count-moving-means" moving_means(count);
        "count-moving-variances" moving_variances(count);
    }

    /// What a layer holds and why.
    pub(in crate::explain) mod layer {
        "layer-about-counts" about_counts();
        "layer-about-output-shape" about_output_shape();
        "layer-about-movement" about_movement();
        "layer-about-pictures" about_pictures();
        "layer-about-purpose" about_purpose();
        "layer-about-inside" about_inside();
        "layer-filters" filters(filters);
        "layer-groups" groups(groups, channels, filters);
        "layer-kernels-of-pairs" kernels_of_pairs(kernels, channels, filters);
        "layer-kernels-of-groups" kernels_of_groups(kernels, channels, filters);
        "layer-kernels-of-channels" kernels_of_channels(kernels, multiplier, channels);
        "layer-kernels-shared" kernels_shared(kernels, channels);
        "layer-weights-of-kernel" weights_of_kernel(weights, size);
        "layer-weights-of-filter" weights_of_filter(weights, channels, sides);
        "layer-weights-of-only-kernel" weights_of_only_kernel(weights, size);
        "layer-weights-of-shared-kernel" weights_of_shared_kernel(weights, size, unshared);
        "layer-two-stages" two_stages(kernels, size, multiplier, channels, filters);
        "layer-filters-of-size" filters_of_size(filters, size);
        "layer-first-stage" first_stage(channels, sides, weights);
        "layer-second-stage" second_stage(filters, channels, sides, weights);
        "layer-biases" biases(biases);
        "layer-no-biases" no_biases();
        "layer-all-weights" all_weights(weights);
        "layer-parameters" parameters(parameters, formula);
        "layer-cost" cost(macs);
        "layer-cost-channels-first" cost_channels_first(macs);
        "layer-size-of-one-axis" size_of_one_axis(side);
        "layer-axis-width" axis_width();
        "layer-axis-height" axis_height();
        "layer-axis-depth" axis_depth();
        "layer-axis" axis(axis, derivation);
        "layer-axis-open" axis_open(axis);
        "layer-gathered" gathered(size, extent, strides, made);
        "layer-padded" padded(size, before, after);
        "layer-cut-off" cut_off(size, before, after);
        "layer-unreached" unreached(size, cells);
        "layer-dilated-extent" dilated_extent(derivation, kernel, dilation, extent);
        "layer-output-channels" output_channels(channels);
        "layer-moves" moves(directions, axes, step, rank);
        "layer-axes-one" axes_one();
        "layer-axes-two" axes_two();
        "layer-axes-three" axes_three();
        "layer-step-one" step_one();
        "layer-step-gathering" step_gathering(strides);
        "layer-step-spreading" step_spreading(strides);
        "layer-spans-channels" spans_channels();
        "layer-spans-group" spans_group();
        "layer-spans-one-channel" spans_one_channel();
        "layer-spans-channels-at-once" spans_channels_at_once();
        "layer-spans-in-stages" spans_in_stages();
        "layer-dilated" dilated(dilation);
        "layer-transposed" transposed();
        "layer-kernel-of-sides" kernel_of_sides(sides);
        "layer-kernel-of-size" kernel_of_size(side);
        "layer-and-bias" and_bias();
        "layer-block" block(rank, sides, channels, products, bias);
        "layer-column" column(kernels, rank, kernel, results, bias);
        "layer-column-of-group" column_of_group(kernels, rank, kernel, results, bias);
        "layer-same-sum" same_sum(products);
        "layer-block-of-one-channel" block_of_one_channel(rank, kernel, products, bias);
        "layer-column-of-one-channel" column_of_one_channel();
        "layer-block-shared" block_shared(rank, channels, kernel, products, bias);
        "layer-column-shared" column_shared(channels);
        "layer-same-sum-shared" same_sum_shared();
        "layer-block-in-stages" block_in_stages(rank, sides, channels);
        "layer-column-in-stages" column_in_stages(kernel, channels, bias);
        "layer-same-sum-in-stages" same_sum_in_stages();
        "layer-block-spread" block_spread(rank, sides, channels, products, bias);
        "layer-column-spread" column_spread(kernels, rank, size, results, bias);
        "layer-same-sum-spread" same_sum_spread();
        "layer-input-data" input_data(shape);
        "layer-model-inside" model_inside(layers);
        "layer-inside" inside(layer, class_name, parameters);
        "layer-nothing-learned" nothing_learned();
        "layer-counted-parameters" counted_parameters(parameters, formula);
        "layer-units" units(units, inputs);
        "layer-unit-weights" unit_weights(units, inputs, weights);
        "layer-unit-biases" unit_biases(biases);
        "layer-term" term(weight, formula);
        "layer-term-fixed" term_fixed(weight, formula);
        "layer-does-pool-maximum" does_pool_maximum(window, strides);
        "layer-does-pool-mean" does_pool_mean(window, strides);
        "layer-does-global-maximum" does_global_maximum();
        "layer-does-global-mean" does_global_mean();
        "layer-does-pad" does_pad();
        "layer-does-crop" does_crop();
        "layer-does-repeat-positions" does_repeat_positions();
        "layer-does-interpolate" does_interpolate(how);
        "layer-does-dense" does_dense();
        "layer-does-normalize-batch" does_normalize_batch();
        "layer-does-normalize-item" does_normalize_item();
        "layer-does-learned-slope" does_learned_slope();
        "layer-does-flatten" does_flatten();
        "layer-does-reshape" does_reshape();
        "layer-does-permute" does_permute();
        "layer-does-repeat-row" does_repeat_row();
        "layer-does-drop" does_drop();
        "layer-does-rescale" does_rescale();
        "layer-does-add" does_add();
        "layer-does-subtract" does_subtract();
        "layer-does-multiply" does_multiply();
        "layer-does-average" does_average();
        "layer-does-maximum" does_maximum();
        "layer-does-minimum" does_minimum();
        "layer-does-concatenate" does_concatenate();
        "layer-does-activate" does_activate();
    }

    /// One output value, product by product.
    pub(in crate::explain) mod trace {
        "trace-title" title(layer, class_name, filter, position);
        "trace-channel" channel(channel);
        "trace-patch-from" patch_from(position);
        "trace-every-second" every_second();
        "trace-every-third" every_third();
        "trace-one-in" one_in(rate);
        "trace-outside" outside(values);
        "trace-between" between(weights);
        "trace-too-wide" too_wide(numbers);
        "trace-patch" patch();
        "trace-kernel" kernel();
        "trace-products" products();
        "trace-sum-of-products" sum_of_products(sum);
        "trace-second-stage" second_stage(weight, adds);
        "trace-sum-over" sum_over(channels);
        "trace-bias" bias();
        "trace-no-bias" no_bias();
        "trace-activation" activation();
        "trace-executor" executor();
        "trace-agree" agree(difference, tolerance);
    }

    /// A layer under every way of sharing.
    pub(in crate::explain) mod what_if {
        "what-if-title" title(layer, class_name);
        "what-if-variant" variant();
        "what-if-parameters" parameters();
        "what-if-multiply-adds" multiply_adds();
        "what-if-output" output();
        "what-if-test-accuracy" test_accuracy();
        "what-if-time" time();
        "what-if-formula" formula();
        "what-if-as-it-is" as_it_is(variant);
        "what-if-seconds" seconds(seconds);
        "what-if-left-out" left_out(reason);
        "what-if-own-kernels" own_kernels();
        "what-if-shared" shared();
        "what-if-grouped" grouped(groups);
        "what-if-depthwise" depthwise(filters);
        "what-if-separable" separable(size);
        "what-if-ones" ones(size);
        "what-if-no-transposed" no_transposed();
        "what-if-no-groups" no_groups(channels, filters);
        "what-if-no-separable" no_separable();
        "what-if-refused" refused(variant, error);
    }

    /// What is added to Keras's summary.
    pub(in crate::explain) mod summary {
        "summary-formula" formula();
        "summary-multiply-adds" multiply_adds();
        "summary-flops" flops();
        "summary-activations" activations();
        "summary-receptive-field" receptive_field();
        "summary-output-stride" output_stride();
        "summary-for-one-item" for_one_item(memory);
    }

    /// What the program says around explanations.
    pub mod program {
        "program-made-up-input" made_up_input();
        "program-training" training(variant);
        "program-drew" drew(path);
    }

    /// Words in figures.
    pub mod figure {
        "figure-filters-title" filters_title(layer, filters, kernels);
        "figure-filters-shown" filters_shown(filters, filters_of, channels, channels_of);
        "figure-filter" filter();
        "figure-channel" channel(channel);
        "figure-in-colour" in_colour();
        "figure-convolution-title" convolution_title(layer, filter, position);
        "figure-input-channel" input_channel(channel);
        "figure-patch" patch();
        "figure-kernel" kernel();
        "figure-products" products();
        "figure-other-channels" other_channels(channels);
        "figure-sum-over" sum_over(channels);
        "figure-bias" bias();
        "figure-before-activation" before_activation();
        "figure-value" value();
        "figure-value-after" value_after(activation);
        "figure-map-of" map_of(filter);
        "figure-maps-title" maps_title(layer, maps, shape);
        "figure-maps-shown" maps_shown(maps, maps_of);
        "figure-zeros" zeros(share);
        "figure-field-title" field_title(layer);
        "figure-layer" layer();
        "figure-sees" sees();
        "figure-every" every();
        "figure-totals" totals(parameters, macs);
        "figure-parameters" parameters(parameters);
        "figure-with-strides" with_strides(size, strides);
    }
}
