# Words in figures (dichroic figure).

figure-filters-title = { $layer }: { $filters ->
    [one] { $filters } filter
   *[other] { $filters } filters
}, { $kernels ->
    [one] { $kernels } kernel
   *[other] { $kernels } kernels
}
figure-filters-shown = { $filters } of { $filters_of } filters are drawn, and { $channels } of { $channels_of } input channels
figure-filter = filter
figure-channel = channel { $channel }
figure-in-colour = in colour
figure-convolution-title = { $layer }: filter { $filter } at ({ $position })
figure-input-channel = input channel { $channel }
figure-patch = patch
figure-kernel = kernel
figure-products = products
figure-other-channels = { $channels ->
    [one] { $channels } further channel
   *[other] { $channels } further channels
}
figure-sum-over = { $channels ->
    [one] sum over { $channels } channel
   *[other] sum over { $channels } channels
}
figure-bias = bias
figure-before-activation = before the activation
figure-value = output value
figure-value-after = output value after { $activation }
figure-map-of = feature map { $filter }
figure-maps-title = { $layer }: { $maps ->
    [one] { $maps } feature map
   *[other] { $maps } feature maps
} ({ $shape })
figure-maps-shown = { $maps } of { $maps_of } maps are drawn
figure-zeros = { $share } of the values are zero
figure-field-title = What one output value of { $layer } sees of the input
figure-layer = layer
figure-sees = sees
figure-every = every
figure-totals = { $parameters ->
    [one] { $parameters } parameter
   *[other] { $parameters } parameters
}, { $macs } multiply-adds
figure-parameters = { $parameters ->
    [one] { $parameters } parameter
   *[other] { $parameters } parameters
}
figure-with-strides = { $size }, strides { $strides }
