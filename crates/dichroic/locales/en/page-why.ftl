# The view that asks what counts in a picture, and what a filter looks for.

why-pictures-only = This view explains models that take one picture, of one or three channels. Choose another model.
why-ask = Question
why-ask-class = Why this class?
why-ask-filter = What excites a filter?

why-class = Class
why-methods = Methods
why-opacity = Cover
why-picture = The picture
why-waiting = Waiting for its turn
why-running = at work
why-progress = Progress
why-cancel = Stop
why-cancelled = Stopped.
why-again = Start again
why-not-yet = { $method }, not computed yet.
why-result = { $method } for { $class }, whose score is { $score }: the stronger the colour, the more the place counts.
why-looks-at = Looks at the maps of { $layer }.
why-completeness = The map adds up to { $sum }; the score rose by { $expected }.

why-grad-cam = Weighs the maps of a convolution by how much the class depends on each, and adds them; only what speaks for the class is kept.
why-grad-cam-plus-plus = Grad-CAM that weighs each place of a map on its own, so that several objects of a class are all seen.
why-saliency = How much the score changes if a pixel changes a little: the size of the gradient.
why-smooth-grad = Saliency averaged over copies of the picture with a little noise, which takes away what is accidental.
why-integrated-gradients = Adds up the gradients on the way from a black picture to this one; the map's sum is the rise of the score.
why-occlusion = Covers the picture piece by piece and notes how far the score falls.

why-no-layer = This model has no 2-D convolution.
why-maximal = Starts from noise and changes the input, step by step, so that the filter's map grows: what comes out is what the filter looks for.
why-steps = Steps
why-start = Start
why-maximal-title = What filter { $filter } of { $layer } looks for
why-maximal-description = The input that excites the filter most, as far as it has been found.
why-activation = Mean of the filter's sums, before the activation
why-ascent = Step { $step } of { $steps }: { $activation }
why-step = step
