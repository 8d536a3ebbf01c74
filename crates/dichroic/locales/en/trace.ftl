# One output value, product by product (dichroic explain --filter --at).

trace-title = { $layer } ({ $class_name }), filter { $filter } at { $position }
trace-channel = input channel { $channel }
trace-patch-from = , patch from { $position }
trace-every-second = , every 2nd position
trace-every-third = , every 3rd position
trace-one-in = , one in { $rate } positions
trace-outside = { $values ->
    [one] , { $values } value lies outside the input and count 0
   *[other] , { $values } values lie outside the input and count 0
}
trace-between = { $weights ->
    [one] , { $weights } weight meets no input value because of the strides
   *[other] , { $weights } weights meet no input value because of the strides
}
trace-too-wide = ({ $numbers } numbers a row are too wide to print; JSON has them all)
trace-patch = patch
trace-kernel = × kernel
trace-products = = products
trace-sum-of-products = sum of products { $sum }
trace-second-stage = , × { $weight } of the second stage = { $adds }
trace-sum-over = { $channels ->
    [one] sum over { NUMBER($channels, useGrouping: "false") } channel
   *[other] sum over { NUMBER($channels, useGrouping: "false") } channels
}
trace-bias = bias
trace-no-bias = no bias
trace-activation = activation
trace-executor = executor
trace-agree = difference { $difference }, rounding allows { $tolerance }: they agree
