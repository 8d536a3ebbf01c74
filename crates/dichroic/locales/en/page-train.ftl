# The view of a training.

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
