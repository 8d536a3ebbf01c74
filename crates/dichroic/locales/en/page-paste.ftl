# The view with the editor.

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
