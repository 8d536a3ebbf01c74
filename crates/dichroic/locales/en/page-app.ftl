# The frame of the page and the parts that views share.

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
