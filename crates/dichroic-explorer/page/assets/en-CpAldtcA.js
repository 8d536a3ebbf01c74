var e=Object.values([`# The frame of the page and the parts that views share.

skip-to-content = Skip to the content
home = dichroic, to the model
views = Views
model-choice = Model
total-parameters = parameters
total-macs = multiply-adds
switch-language = 切换为中文
dark-theme = Dark colours
light-theme = Light colours
loading = Loading…
exported-page = This file holds one model with its numbers; it needs no program and no network.
not-exported = This was not written into the file. Open the model with “dichroic explore” to see it.
view-not-here = This page does not have that view. Open the model with “dichroic explore” to see it.

view-model = Model
view-filters = Filters
view-convolve = Convolve
view-feature-maps = Feature maps
view-why = Why
view-what-if = What if
view-train = Train
view-paste = Paste

line-model = Every layer with the volume that it puts out, and what each costs.
line-filters = Every weight of a convolution. A filter is a stack of kernels, one for each input channel that it sees.
line-convolve = One filter slides over the input: patch times kernel, summed over channels, gives one value.
line-feature-maps = The picture's way through the network: what each filter answers.
line-why = Which parts of the picture speak for a class, and what a filter likes best.
line-what-if = The same layer with its weights shared in other ways: what it would count and cost.
line-train = The network while it learns.
line-paste = Keras code becomes a model here, without Python.

export = Export
export-svg = Picture as SVG
export-png = Picture as PNG
export-json = Numbers as JSON
colour-scale = Colour scale from { $minimum } to { $maximum }

layer = Layer
previous-layer = Layer before
next-layer = Layer after

input = Input
input-upload = Open a picture…
input-draw = Draw
input-drawing = Drawing
input-draw-hint = Draw with the mouse, a finger or a pen.
input-draw-use = Use this drawing
input-draw-clear = Clear
input-close = Close
`,`# The view in which one filter slides over its input.

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
`,`# The view of every layer's feature maps.

maps-scale = Colours
maps-scale-map = A scale for each map
maps-scale-map-means = Each map from its own smallest to its own largest value: structure can be seen, maps can't be compared.
maps-scale-layer = One for the layer
maps-scale-layer-means = The same colour is the same value in all maps of a layer.

maps-range = values
maps-range-of = { $minimum } to { $maximum }
maps-mean = mean
maps-zeros = zeros
maps-saturated = saturated
maps-dead = { $count ->
    [one] 1 of { $of } maps is dead: zero everywhere for this input.
   *[other] { $count } of { $of } maps are dead: zero everywhere for this input.
}
maps-dead-number = { $channel } dead
maps-sheet-label = Feature maps { $first } to { $last } of { $layer }. Arrow keys choose a map, Enter looks at it closely; now map { $chosen }.
maps-before = ← Maps before
maps-after = Next maps →
maps-page = { $first } to { $last } of { $count }
maps-slice = Slice

maps-map-of = Feature map { $channel } of { $layer }
maps-map-description = The values of one feature map, { $size }, as colours.
maps-map-label = Feature map { $channel }, { $size }. Arrow keys choose a value.
maps-close = Close
maps-value-at = at ({ $at })
maps-map-numbers = from { $minimum } to { $maximum }, mean { $mean }, { $zeros } zeros
maps-filter = See filter { $channel } of { $layer }
maps-convolve = See it made, product by product
maps-numbers-label = The { $count } values of { $layer }. Arrow keys choose one.
maps-number = value { $index }: { $value }

maps-scores = What the network says
maps-truth = In truth: { $truth }
maps-class = class { $index }
`,`# The view of a convolution's kernels.

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
`,`# The view of the model's graph.

model-summary = { $name }: { $layers } layers, { $parameters } parameters.
graph-keys = Arrow keys go from layer to layer, Enter opens and folds groups, plus and minus zoom, zero shows all. The table has the same layers.
volume-scale = Boxes are the volumes that layers put out: height × width, and channels into the depth. Edges are compressed: { $size } times as many cells are drawn { $edge } times as long. The bar at a card's foot is its share of all multiply-adds.
layers-inside = { $count ->
    [one] one layer
   *[other] { $count } layers
  }
groups = Groups
groups-folded = Folded
groups-open = All open
open-group = Open in the graph
all-layers = All layers
zoom-in = Closer
zoom-out = Farther
zoom-fit = Show all
search = Find a layer
search-hint = Find a layer  ( / )
table-of-layers = Layers with what they cost
table-of-weights = Weights of the layer
more-rows = { $count } more
column-layer = Layer
column-parameters = Parameters
column-macs = Multiply-adds
column-memory = Memory
column-field = Sees
see-filters = See its filters
see-convolve = Watch it convolve
fact-input = Input
fact-output = Output
fact-parameters = Parameters
fact-trainable = Trainable
fact-macs = Multiply-adds
fact-memory = Output memory
fact-field = Receptive field
fact-stride = Stride so far
kind-input = Input
kind-convolution = Convolution
kind-dense = Dense
kind-pooling = Pooling
kind-normalization = Normalization
kind-activation = Activation
kind-merge = Merging of branches
kind-shape = Shape
kind-regularization = Dropout, noise
kind-other = Other
`,`# The view with the editor.

examples = Start from
example-seed = Four convolutions
example-layer = One layer
example-lenet = LeNet
example-residual = Residual blocks
example-1d = A sequence (1-D)
example-3d = A volume (3-D)
editor = Keras code
run = Run
running = Running…
run-keys = or Ctrl + Enter
input-shape = Input shape
shape-wrong = The input shape is sizes without the batch, such as 28, 28, 3.
open-file = Open a model file…
place = Line { $line }, column { $column }
code-changed = The code was changed since; run it to see the new model.
no-code = This model came without code; the editor holds an example.
made-layers = Layers of the model
made-more = and { $count } more layers
see-graph = See its graph
see-kernels = See its kernels
`,`# The view of a training.

train-exported = A file holds no training. Open the model with “dichroic explore” to train it.
train-data = Data
train-epochs = Epochs
train-batch = Batch
train-optimizer = Optimizer
train-rate = Learning rate
train-as-compiled = as compiled
train-start = Train
train-start-hint = Trains a copy of { $model } from the weights that are shown here; its input is { $shape }. The copy is in the list of models, and every view follows it.
train-stop = Stop
train-resume = Go on
train-progress = Progress of the training
train-state-running = Training
train-state-done = Trained
train-state-cancelled = Stopped
train-state-failed = Failed
train-place = { $data }, epoch { $epoch } of { $epochs }
train-seconds = last epoch
train-epoch = epoch
train-training = training
train-validation = validation
train-curve-description = { $title } over the epochs: { $ends }
train-histograms = Weights and gradients
train-histograms-description = How the values of { $count } weights and their gradients are spread, over time
train-histograms-legend = Time runs from left to right, values from low to high; the colour is strong where many values are. Gradients are those of one batch that stays the same.
train-histograms-which = Which weights are shown
train-kernels = kernels
train-all-weights = all
train-values = values
train-gradient = gradient
train-no-gradient = does not learn
train-spread = mean { $mean }, deviation { $deviation }
train-filters = Filters of { $layer }
train-filters-description = The { $count } filters of layer { $layer } as they are now
train-filters-begin = at the beginning
train-filters-now = now
train-confusion = What is taken for what
train-confusion-description = After epoch { $epoch }, { $right } of { $all } samples are right: { $share }
train-confusion-legend = A row for each true class. { $right } of { $all } right: { $share }.
train-truth = true class
train-predicted = taken for
train-cell =
    { $count ->
        [one] One { $truth } is taken for { $predicted }: { $share } of its class
       *[other] { $count } of { $truth } are taken for { $predicted }: { $share } of the class
    }
train-mistakes = Worst mistakes
train-mistakes-legend = The wrong answers that it is surest of. Choose one to follow it through the network.
train-no-mistakes = After epoch { $epoch } there are none.
train-mistake = Taken for { $predicted } with { $share }; it is { $truth }. Show its feature maps.
train-is = is { $truth }
`,`# The view that compares ways of sharing weights.

what-if-no-convolution = This model has no convolution, so there are no kernels to share.
what-if-ways = Ways of sharing
what-if-description = { $count } ways of sharing the kernels of layer { $layer }, each with its number of parameters, its multiply-adds and its output.
what-if-legend = Rows are input channels, columns are filters. A square is a kernel; squares of one colour are the same weights; a small dot is a channel that the filter does not see.
what-if-picture = { $name }: a matrix of { $channels } input channels and { $filters } filters, kernels with the same weights in one colour
what-if-as-it-is = as it is
what-if-parameters = parameters
what-if-macs = multiply-adds
what-if-after = test accuracy, { $seconds } s
what-if-refused = not trained: the next layers can't take its output
what-if-training = training, epoch { $epoch } of { $epochs }
what-if-trained = Trained side by side
what-if-trained-description = Each way is trained from the same seed with the same budget, and tested on samples that it never saw.
what-if-measure = What the curves show
what-if-accuracy = accuracy
what-if-loss = loss
what-if-start = Train each
what-if-stopped = Stopped.
`,`# The view that asks what counts in a picture, and what a filter looks for.

why-pictures-only = This view explains models that take one picture, of one or three channels. Choose another model.
why-ask = Question
why-ask-class = Why this class?
why-ask-filter = What excites a filter?

why-class = Class
why-methods = Methods
why-opacity = Cover
why-picture = The picture
why-waiting = Waiting for its turn
why-running = at work
why-progress = Progress
why-cancel = Stop
why-cancelled = Stopped.
why-again = Start again
why-not-yet = { $method }, not computed yet.
why-result = { $method } for { $class }, whose score is { $score }: the stronger the colour, the more the place counts.
why-looks-at = Looks at the maps of { $layer }.
why-completeness = The map adds up to { $sum }; the score rose by { $expected }.

why-grad-cam = Weighs the maps of a convolution by how much the class depends on each, and adds them; only what speaks for the class is kept.
why-grad-cam-plus-plus = Grad-CAM that weighs each place of a map on its own, so that several objects of a class are all seen.
why-saliency = How much the score changes if a pixel changes a little: the size of the gradient.
why-smooth-grad = Saliency averaged over copies of the picture with a little noise, which takes away what is accidental.
why-integrated-gradients = Adds up the gradients on the way from a black picture to this one; the map's sum is the rise of the score.
why-occlusion = Covers the picture piece by piece and notes how far the score falls.

why-no-layer = This model has no 2-D convolution.
why-maximal = Starts from noise and changes the input, step by step, so that the filter's map grows: what comes out is what the filter looks for.
why-steps = Steps
why-start = Start
why-maximal-title = What filter { $filter } of { $layer } looks for
why-maximal-description = The input that excites the filter most, as far as it has been found.
why-activation = Mean of the filter's sums, before the activation
why-ascent = Step { $step } of { $steps }: { $activation }
why-step = step
`]);export{e as messages};