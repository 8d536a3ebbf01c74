# Things that are counted: in sentences and in the formulas of parameter counts.

count-filters = { $count ->
    [one] { $count } filter
   *[other] { $count } filters
}
count-kernels = { $count ->
    [one] { $count } kernel
   *[other] { $count } kernels
}
count-separate-kernels = { $count ->
    [one] { $count } separate kernel
   *[other] { $count } separate kernels
}
count-weights = { $count ->
    [one] { $count } weight
   *[other] { $count } weights
}
count-biases = { $count ->
    [one] { $count } bias
   *[other] { $count } biases
}
count-channels = { $count ->
    [one] { $count } channel
   *[other] { $count } channels
}
count-input-channels = { $count ->
    [one] { $count } input channel
   *[other] { $count } input channels
}
count-groups = { $count ->
    [one] { $count } group
   *[other] { $count } groups
}
count-channels-of-group = { $count ->
    [one] { $count } channel a group
   *[other] { $count } channels a group
}
count-filters-of-channel = { $count ->
    [one] { $count } filter a channel
   *[other] { $count } filters a channel
}
count-products = { $count ->
    [one] { $count } product
   *[other] { $count } products
}
count-results = { $count ->
    [one] { $count } result
   *[other] { $count } results
}
count-directions = { $count ->
    [one] { $count } direction
   *[other] { $count } directions
}
count-multiply-adds = { $count ->
    [one] { $count } multiply-add
   *[other] { $count } multiply-adds
}
count-parameters = { $count ->
    [one] { $count } parameter
   *[other] { $count } parameters
}
count-units = { $count ->
    [one] { $count } unit
   *[other] { $count } units
}
count-inputs = { $count ->
    [one] { $count } input
   *[other] { $count } inputs
}
count-gammas = { $count ->
    [one] { $count } gamma
   *[other] { $count } gammas
}
count-betas = { $count ->
    [one] { $count } beta
   *[other] { $count } betas
}
count-alphas = { $count ->
    [one] { $count } alpha
   *[other] { $count } alphas
}
count-values = { $count ->
    [one] { $count } value
   *[other] { $count } values
}
count-means = { $count ->
    [one] { $count } mean
   *[other] { $count } means
}
count-variances = { $count ->
    [one] { $count } variance
   *[other] { $count } variances
}
count-counts = { $count } count
count-moving-means = { $count ->
    [one] { $count } moving mean
   *[other] { $count } moving means
}
count-moving-variances = { $count ->
    [one] { $count } moving variance
   *[other] { $count } moving variances
}
