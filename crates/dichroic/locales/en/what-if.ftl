# A layer under every way of sharing weights (dichroic what-if).

what-if-title = { $layer } ({ $class_name }) under every sharing
what-if-variant = variant
what-if-parameters = parameters
what-if-multiply-adds = multiply-adds
what-if-output = output
what-if-test-accuracy = test accuracy
what-if-time = time
what-if-formula = formula
what-if-as-it-is = { $variant } (as it is)
what-if-seconds = { $seconds } s
what-if-left-out = left out: { $reason }

## Ways

what-if-own-kernels = own kernel for each pair
what-if-shared = one kernel a filter, shared across input channels
what-if-grouped = { $groups } groups
what-if-depthwise = depthwise, { $filters } a channel
what-if-separable = separable: depthwise, then { $size }
what-if-ones = { $size }, a kernel of one weight for each pair

## Why a way is left out

what-if-no-transposed = shared, grouped, depthwise and separable: these exist for convolutions, not for transposed ones
what-if-no-groups = groups: { $channels } input channels and { $filters } filters have no common divisor above 1
what-if-no-separable = separable: Keras has it in one and two directions
what-if-refused = { $variant }: { $error }
