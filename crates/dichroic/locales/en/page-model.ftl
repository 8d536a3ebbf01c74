# The view of the model's graph.

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
