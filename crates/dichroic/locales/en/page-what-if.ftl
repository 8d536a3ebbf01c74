# The view that compares ways of sharing weights.

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
