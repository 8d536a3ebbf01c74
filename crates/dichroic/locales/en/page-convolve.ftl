# The view in which one filter slides over its input.

convolve-none = This model has no convolution. Choose another model, or paste one.
convolve-closed = In this file the layer is as it is. Open the model with “dichroic explore” to change its kernel size, strides, padding, groups and sharing.

convolve-filter = Filter
convolve-filter-before = Filter before
convolve-filter-after = Filter after
convolve-filter-of = of 0 to { $last }

convolve-variant = Change the layer
convolve-kernel-size = Kernel size
convolve-strides = Strides
convolve-dilation = Dilation
convolve-padding = Padding
convolve-padding-valid = valid
convolve-padding-same = same
convolve-groups = Groups
convolve-sharing = Sharing of weights
convolve-less = { $what }: one less
convolve-more = { $what }: one more
convolve-as-it-is = As in the model
convolve-own-weights = Changed, with the layer's own weights.
convolve-new-weights = Changed: these weights have another shape, so they were drawn anew.

sharing-own = own
sharing-own-means = Every pair of an input channel and a filter has a kernel of its own. This is an ordinary convolution.
sharing-across = across channels
sharing-across-means = Each filter has one kernel and uses it on every input channel.
sharing-depthwise = depthwise
sharing-depthwise-means = Each filter sees one input channel only.
sharing-grouped = grouped
sharing-grouped-means = Channels and filters are split into groups; a filter sees the channels of its group.
sharing-separable = separable
sharing-separable-means = One kernel for each input channel, used by all filters; each filter then weighs the channels.

convolve-output-shape = Output
convolve-kernels = Kernels
convolve-kernel-each = { $size } weights each
convolve-parameters = Parameters
convolve-macs = Multiply-adds
convolve-macs-means = for one input
convolve-before = in the model { $value }

convolve-stage = The convolution at work. Arrow keys move the window, the space bar plays.
convolve-input = Input
convolve-input-padded = { $size }, with padding { $padded }
convolve-input-label = Input channel { $channel } with its padding, { $size }. Arrow keys move the window; Enter asks which outputs an input value feeds.
convolve-slice = Slice
convolve-shown = Shown
convolve-as-picture = all channels as a picture
convolve-channel-number = input channel { $channel }
convolve-channel-colour = input channel { $channel }, { $colour }
convolve-red = red
convolve-green = green
convolve-blue = blue
convolve-probe-hint = Choose a value of the input to see which outputs it feeds.
convolve-probe = { $count ->
    [0] Input { $at } of channel { $channel } is { $value }. The window never reaches it.
    [one] Input { $at } of channel { $channel } is { $value }. It feeds 1 value of this feature map.
   *[other] Input { $at } of channel { $channel } is { $value }. It feeds { $count } values of this feature map.
}
convolve-probe-close = Close

convolve-filter-kernels = { $count ->
    [one] Filter { $filter }: 1 kernel for the input channel that it sees
   *[other] Filter { $filter }: { $count } kernels, one for each input channel
}
convolve-filter-shared = Filter { $filter }: one kernel, used on each of { $count } input channels
convolve-filter-separable = { $count ->
    [one] Filter { $filter }: the channel's kernel, shared with all filters, times its own factor
   *[other] Filter { $filter }: the channels' { $count } kernels, shared with all filters, each times its own factor
}
convolve-filter-grouped = { $count ->
    [one] Filter { $filter }: 1 kernel for the input channel of its group
   *[other] Filter { $filter }: { $count } kernels, one for each input channel of its group
}
convolve-order = Order of the channels
convolve-order-strength = strongest first
convolve-order-channel = by number
convolve-stronger = ← Channels before
convolve-weaker = Next channels →
convolve-rest = { $count ->
    [one] The other channel adds { $adds }.
   *[other] The other { $count } channels add { $adds } together.
}
convolve-patch-of = Patch of { $name }
convolve-kernel-of = Kernel for { $name }
convolve-products-of = Products of { $name }
convolve-sum-of-products = sum of products
convolve-outside = { $count ->
    [one] 1 value lies in the padding and counts as zero.
   *[other] { $count } values lie in the padding and count as zero.
}
convolve-between = { $count ->
    [one] 1 weight meets no input, because the strides step over it.
   *[other] { $count } weights meet no input, because the strides step over them.
}
convolve-point = Point at a cell to read its exact numbers.
convolve-contributions = What each channel adds, one after the other; the last bar is the bias
convolve-contributions-label = Bars of what each channel adds. { $channel } adds { $adds }; all together { $sum }.

convolve-output = Feature map { $filter }
convolve-output-of = { $size }, one of { $filters }
convolve-output-label = Feature map { $filter }, { $size }, looking at { $at }. Arrow keys move the window.
convolve-output-slice = Slice { $slice }; Page Up and Page Down move through the slices.
convolve-sum-over = { $count ->
    [one] one channel
   *[other] sum over { $count } channels
}
convolve-bias = + bias
convolve-no-bias = the layer has none
convolve-activation = activation
convolve-activation-none = none (linear)
convolve-output-value = output { $at }
convolve-agrees = The executor computed { $executor }: apart by { $difference }, where rounding allows { $tolerance }.
convolve-live = Output { $at } of filter { $filter } is { NUMBER($value, maximumFractionDigits: 6) }.

convolve-player = Walk over the map
convolve-restart = Back to the start
convolve-step-back = One step back
convolve-step-on = One step on
convolve-play = Play
convolve-pause = Pause
convolve-speed = Speed
convolve-steps-a-second = { $count } a second
convolve-fill = The map
convolve-fill-all = Whole map
convolve-fill-so-far = Filled in so far
convolve-progress = { $step } of { $steps }

convolve-table = All numbers of this output value as a table
convolve-table-caption = Products of filter { $filter } at { $at }
convolve-channel = Input channel
convolve-kernel-cell = In the kernel
convolve-input-position = In the input
convolve-padding-cell = padding
convolve-input-value = Input
convolve-weight = Weight
convolve-product = Product

ties-title = Which kernels are tied
ties-line = A row for each input channel, a column for each filter. Equal colours are the same weights.
ties-label = Input channels by filters: { $channels } × { $filters }, { $kernels } different kernels. Arrow keys choose a pair.
ties-part = The first { $rows } of { $channels } input channels and { $columns } of { $filters } filters are drawn.
ties-own = Input channel { $channel } and filter { $filter } have a kernel of their own.
ties-shared = Filter { $filter } uses this kernel on { $channels } input channels, channel { $channel } among them.
ties-scaled = All { $filters } filters use the kernel of input channel { $channel }; filter { $filter } has its own factor for it.
ties-unseen = Filter { $filter } does not see input channel { $channel }.
