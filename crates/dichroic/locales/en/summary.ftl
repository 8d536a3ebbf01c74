# What dichroic adds to Keras's summary; Keras's own words stay as they are.

summary-formula = Formula
summary-multiply-adds = Multiply-adds
summary-flops = FLOPs
summary-activations = Activations
summary-receptive-field = Receptive field
summary-output-stride = Output stride
summary-for-one-item = for one item, activations { $memory }
