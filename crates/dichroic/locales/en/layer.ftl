# What a layer holds and why (dichroic explain).

## Headings

layer-about-counts = counts
layer-about-output-shape = output shape
layer-about-movement = movement
layer-about-pictures = two pictures, one arithmetic
layer-about-purpose = what it does
layer-about-inside = layers inside

## Counts of a convolution

layer-filters = { $filters }: each makes one channel of the output, a feature map
layer-groups = { $groups } of { $channels } and { $filters }: a filter sees the channels of its group only
layer-kernels-of-pairs = { $kernels }: one for each pair of an input channel and a filter, { $channels } × { $filters }
layer-kernels-of-groups = { $kernels }: one for each pair of a channel and a filter of the same group, { $channels } × { $filters }
layer-kernels-of-channels = { $kernels }: { $multiplier } for each of { $channels }, and no channel sees another
layer-kernels-shared = { $kernels }: one a filter, used on each of { $channels }
layer-weights-of-kernel = { $weights } a kernel: { $size }
layer-weights-of-filter = { $weights } a filter: { $channels } × { $sides }
layer-weights-of-only-kernel = { $weights } a kernel, which is the whole filter: { $size }
layer-weights-of-shared-kernel = { $weights } a kernel, which is the whole filter: { $size }; with a kernel of its own for each channel a filter would have { $unshared }
layer-two-stages = two stages: { $kernels } of { $size }, { $multiplier } for each of { $channels }, then { $filters } over the channels between
layer-filters-of-size = { $filters } of { $size }
layer-first-stage = first stage: { $channels } × { $sides } = { $weights }
layer-second-stage = second stage: { $filters } × { $channels } × { $sides } = { $weights }
layer-biases = { $biases }, one a filter, added to every output value of its feature map
layer-no-biases = no biases
layer-all-weights = { $weights } in all kernels
layer-parameters = { $parameters } parameters: { $formula }
layer-cost = { $macs } for one input
layer-cost-channels-first = { $macs } for one input, if the channels are added up first
layer-size-of-one-axis = size { $side }

## Output shape of a convolution

layer-axis-width = width
layer-axis-height = height
layer-axis-depth = depth
layer-axis = { $axis }: { $derivation }
layer-axis-open = { $axis }: open, as the input's
layer-gathered = ⌊({ $size } - { $extent }) / { $strides }⌋ + 1 = { $made }
layer-padded = { $size } + { $before } + { $after } zeros
layer-cut-off = { $size } - { $before } - { $after } cut off
layer-unreached = { $size } + { $cells } that no kernel reaches
layer-dilated-extent = { $derivation }; the kernel of { $kernel } reaches over ({ $kernel } - 1) × { $dilation } + 1 = { $extent }
layer-output-channels = channels: { $channels }, one for each filter

## Movement of a kernel

layer-moves = a kernel moves in { $directions } ({ $axes }), { $step }; that is why it has rank { $rank }
layer-axes-one = width
layer-axes-two = height and width
layer-axes-three = depth, height, width
layer-step-one = one position at a time
layer-step-gathering = { $strides } positions at a time, so that the output is smaller
layer-step-spreading = { $strides } output positions for each input position, so that the output is larger
layer-spans-channels = it does not move across channels, because a filter spans them all
layer-spans-group = it does not move across channels, because a filter spans all those of its group
layer-spans-one-channel = it stays on its one channel
layer-spans-channels-at-once = the same kernel lies on every channel at once
layer-spans-in-stages = a kernel of the first stage stays on its channel; the second stage has nowhere to move across channels, because it spans them all
layer-dilated = neighbouring weights lie { $dilation } positions apart: the kernel sees further with the same number of weights
layer-transposed = each input value is multiplied with the whole kernel and the products are added where they fall in the output: the way back of a convolution

## Two pictures of a convolution

layer-kernel-of-sides = { $sides } kernel
layer-kernel-of-size = kernel of size { $side }
layer-and-bias = , and the bias is added

layer-block = as one { $rank }-D filter: a block of { $sides }×{ $channels } weights is laid on the input; the { $products } are added up{ $bias }: one output value
layer-column = as { $kernels } of rank { $rank }: each channel is filtered with a { $kernel } of its own, and the { $results } are added up{ $bias }
layer-column-of-group = as { $kernels } of rank { $rank }: each channel of its group is filtered with a { $kernel } of its own, and the { $results } are added up{ $bias }
layer-same-sum = both are the same sum of { $products }, grouped in another way; Keras stores the second as the slices of the first

layer-block-of-one-channel = as one { $rank }-D filter: a filter is its one { $kernel }; an output value is the sum of its { $products }{ $bias }
layer-column-of-one-channel = as separate kernels: there is nothing to separate, a filter has one channel; to mix channels a 1×1 convolution has to follow

layer-block-shared = as one { $rank }-D filter: { $channels } copies of the same { $kernel }, one behind the other; { $products } give one output value{ $bias }
layer-column-shared = as 1 kernel used { $channels } times: each channel is filtered with it and the { $channels } results are added; adding the channels first and filtering the sum once gives the same
layer-same-sum-shared = both are the same sum with its terms in another order

layer-block-in-stages = as one { $rank }-D filter: filter k acts like a { $sides }×{ $channels } block whose slice for a channel is that channel's kernel times one number of the second stage; all filters share these slices
layer-column-in-stages = as separate kernels: each channel is filtered with its own { $kernel }, then every filter adds the { $channels } results with weights of its own{ $bias }
layer-same-sum-in-stages = both give the same sums; the two stages need far fewer products

layer-block-spread = as one { $rank }-D filter: a block of { $sides }×{ $channels } weights is spread over the output from every input position; at most { $products } fall on one output value and are added up{ $bias }
layer-column-spread = as { $kernels } of rank { $rank }: each channel is spread with a kernel of { $size } of its own, and the { $results } are added up{ $bias }
layer-same-sum-spread = both are the same sum, grouped in another way; Keras stores the second as the slices of the first

## Other layers

layer-input-data = data come in here with the shape { $shape }; nothing is computed and nothing learned
layer-model-inside = a model of { $layers } layers used as one layer
layer-inside = { $layer } ({ $class_name }): { $parameters } parameters
layer-nothing-learned = no parameters: nothing here is learned
layer-counted-parameters = { $parameters }: { $formula }
layer-units = { $units }: each has a weight for every one of { $inputs }
layer-unit-weights = { $units } × { $inputs } = { $weights }
layer-unit-biases = { $biases }, one a unit
layer-term = { $weight }: { $formula }
layer-term-fixed = { $weight }: { $formula }, kept up to date while training, not learned by gradients

## What other layers do

layer-does-pool-maximum = takes the largest value of each { $window } window, channel by channel, every { $strides } positions
layer-does-pool-mean = takes the mean of each { $window } window, channel by channel, every { $strides } positions
layer-does-global-maximum = takes the largest value of each channel over all positions
layer-does-global-mean = takes the mean of each channel over all positions
layer-does-pad = puts zeros around every channel
layer-does-crop = cuts cells off the edges of every channel
layer-does-repeat-positions = repeats positions, channel by channel
layer-does-interpolate = interpolates positions ({ $how }), channel by channel
layer-does-dense = every unit adds up all inputs with weights of its own: a 1×1 convolution at each position
layer-does-normalize-batch = brings each channel to mean 0 and variance 1 over the batch, then scales by gamma and shifts by beta; afterwards the moving statistics stand in for the batch's
layer-does-normalize-item = brings the values of each item to mean 0 and variance 1, then scales by gamma and shifts by beta
layer-does-learned-slope = keeps positive values and multiplies negative ones by a learned slope
layer-does-flatten = writes all values of an item into one row, the channels running fastest
layer-does-reshape = gives the values of an item other axes, in the same order
layer-does-permute = swaps axes
layer-does-repeat-row = repeats the row
layer-does-drop = in training sets a random part of the values to 0 and scales up the others; otherwise passes everything
layer-does-rescale = multiplies by a scale and adds an offset
layer-does-add = adds its inputs, value by value
layer-does-subtract = subtracts the second input from the first, value by value
layer-does-multiply = multiplies its inputs, value by value
layer-does-average = takes the mean of its inputs, value by value
layer-does-maximum = takes the largest of its inputs, value by value
layer-does-minimum = takes the smallest of its inputs, value by value
layer-does-concatenate = puts its inputs behind each other along one axis
layer-does-activate = applies a fixed function; every value by itself, but softmax, which makes values along an axis add up to 1
