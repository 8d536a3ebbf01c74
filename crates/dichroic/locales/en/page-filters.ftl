# The view of a convolution's kernels.

no-convolutions = This model has no convolution, so there are no kernels to see.
filters-summary = { $layer }: { $filters } filters × { $channels ->
    [one] one channel
   *[other] { $channels } channels
  } = { $kernels } kernels of { $size }, { $weights } weights.
filters-keys = Arrow keys choose a filter and a channel; the weights of the chosen kernel are in the table.
stage = Stage
stage-depthwise = Depthwise
stage-pointwise = Pointwise
picture = Picture
picture-kernels = Separate kernels
picture-block = One block a filter
picture-colour = In colour
says-kernels = A column is a filter, a row is an input channel, and each square is one kernel. The layer adds up what the kernels of a column find.
says-block = The same weights: the kernels of a filter, one behind the other, are one block as deep as there are channels.
says-colour = The kernels for red, green and blue as one picture: grey is zero.
order = Order
order-index = By number
order-norm = By norm
order-similarity = By likeness
order-sparsity = By zeros
rows = Rows
rows-seen = Channels it sees
rows-all = All channels
zoom = Zoom
readout-hint = Point at a weight to read it.
readout = Filter { $filter }, channel { $channel }, place { $place }:
no-marks = No filter is dead, and no two are the same.
marks-dead = { $count ->
    [one] One dead filter (all weights nearly zero):
   *[other] { $count } dead filters (all weights nearly zero):
  }
marks-twins = { $count ->
    [one] One filter repeats another, sign and scale apart:
   *[other] { $count } filters repeat others, sign and scale apart:
  }
filter-number = Filter { $filter }
filter-convolve = Watch it convolve
filter-dead = Dead: all of its weights are nearly zero.
filter-twin = Repeats filter { $filter }, sign and scale apart.
filter-sees = Sees channels { $first } to { $last } of { $all }.
filter-norm = Norm √Σw²
filter-mean = Mean
filter-range = Range
filter-zeros = Nearly zero
filter-bias = Bias
kernel-of-channel = Kernel for channel { $channel }
channel-before = Channel before
channel-after = Next channel
weights-table = Weights of the kernel
weights-slice = Slice { $slice }
