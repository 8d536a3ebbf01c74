# The view of every layer's feature maps.

maps-scale = Colours
maps-scale-map = A scale for each map
maps-scale-map-means = Each map from its own smallest to its own largest value: structure can be seen, maps can't be compared.
maps-scale-layer = One for the layer
maps-scale-layer-means = The same colour is the same value in all maps of a layer.

maps-range = values
maps-range-of = { $minimum } to { $maximum }
maps-mean = mean
maps-zeros = zeros
maps-saturated = saturated
maps-dead = { $count ->
    [one] 1 of { $of } maps is dead: zero everywhere for this input.
   *[other] { $count } of { $of } maps are dead: zero everywhere for this input.
}
maps-dead-number = { $channel } dead
maps-sheet-label = Feature maps { $first } to { $last } of { $layer }. Arrow keys choose a map, Enter looks at it closely; now map { $chosen }.
maps-before = ← Maps before
maps-after = Next maps →
maps-page = { $first } to { $last } of { $count }
maps-slice = Slice

maps-map-of = Feature map { $channel } of { $layer }
maps-map-description = The values of one feature map, { $size }, as colours.
maps-map-label = Feature map { $channel }, { $size }. Arrow keys choose a value.
maps-close = Close
maps-value-at = at ({ $at })
maps-map-numbers = from { $minimum } to { $maximum }, mean { $mean }, { $zeros } zeros
maps-filter = See filter { $channel } of { $layer }
maps-convolve = See it made, product by product
maps-numbers-label = The { $count } values of { $layer }. Arrow keys choose one.
maps-number = value { $index }: { $value }

maps-scores = What the network says
maps-truth = In truth: { $truth }
maps-class = class { $index }
