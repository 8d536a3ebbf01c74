//! The operation layers of the registry.

use super::super::registry::{Entry, layers, list, read};
use super::*;

layers! {
    OPERATIONS;

    // What moves or chooses values.
    "Constant": Constant::new([3]), needs ["shape"] takes [];
    "Transpose": Transpose::new([0, 2, 1]), needs ["axes"] takes [];
    "ReshapeAll": ReshapeAll::new([0, -1]), needs ["shape"] takes [];
    "ExpandDims": ExpandDims::new([1]), needs ["axes"] takes [];
    "Squeeze": Squeeze::new([-1]), needs ["axes"] takes [];
    "BroadcastTo": BroadcastTo::new([2, 1, 1, 1]), needs ["shape"] takes [];
    "StridedSlice": StridedSlice::new([1, 2], [-1, 0], [i64::MIN, 3], [-2, 2]), needs ["axes", "starts", "stops", "steps"] takes [];
    "PadAxes": PadAxes::new([[0, 0], [1, 2], [-1, 1]], PadMode::Constant), needs ["padding"] takes ["mode", "value"];
    "Take": Take::new([2, 0, -1], 1), needs ["indices"] takes ["axis"];
    "Gather": Gather::new(1), needs ["axis"] takes [];
    "Where": Where::new(), needs [] takes [];
    "Tile": Tile::new([1, 2, 3]), needs ["repeats"] takes [];
    "TopK": TopK::values(2, -1, true), needs ["k"] takes ["axis", "largest", "output"];
    "ArgExtreme": ArgExtreme::largest(-1), needs [] takes ["axis", "largest", "keepdims", "last"];
    "CumulativeSum": CumulativeSum::new(1, false, false), needs ["axis"] takes ["exclusive", "reverse"];
    "OneHotAxis": OneHotAxis::new(3, -1), needs ["depth"] takes ["axis", "off_value", "on_value"];
    "Trilu": Trilu::upper_part(0), needs [] takes ["k", "upper"];
    "DepthToSpace": DepthToSpace::new(2), needs ["block_size"] takes ["mode"];
    "SpaceToDepth": SpaceToDepth::new(2), needs ["block_size"] takes ["mode"];
    "NonMaxSuppression": NonMaxSuppression::new(2), needs ["max_output_boxes_per_class"] takes ["iou_threshold", "score_threshold", "center_point_box"];
    "GridSample": GridSample::new(), needs [] takes ["mode", "border", "align_corners"];
    "RoiAlign": RoiAlign::new([2, 3]).sampling_ratio(2), needs ["cells"] takes ["kind", "sampling_ratio", "spatial_scale", "half_pixel"];
    "GatherElements": GatherElements::new(1), needs ["axis"] takes [];
    "GatherND": GatherND::new(0), needs [] takes ["batch_dims"];
    "ScatterElements": ScatterElements::new(1), needs ["axis"] takes ["reduction"];
    "ScatterND": ScatterND::new(), needs [] takes ["reduction"];
    "Reduction": Reduction::new(ReductionKind::Product, [1, 2], false), needs ["kind"] takes ["axes", "keepdims"];

    // What computes.
    "Arithmetic": Arithmetic::new(ArithmeticKind::Subtract), needs ["kind"] takes [];
    "Function": Function::new(MathFunction::Erf), needs ["function"] takes [];
    "Clip": Clip::new(-0.5, 0.5), needs [] takes ["min", "max"];
    "MatMul": MatMul::new(), needs [] takes [];
    "WindowPooling": WindowPooling::max([3, 2]).dilation_rate([1, 2]).padding([[1, 0], [0, 1]]), needs ["pool_size"] takes ["strides", "padding", "dilation_rate", "kind", "ceil_mode", "count_include_pad", "p"];
    "Resize": Resize::new([1, 2]).sizes([5, 2]).mode(ResizeMode::Cubic), needs ["axes"] takes ["sizes", "scales", "mode", "coordinate_transformation", "rounding", "cubic_coefficient", "antialias", "exclude_outside", "extrapolation_value", "roi"];
    "LocalResponseNormalization": LocalResponseNormalization::new(3, 0.5, 0.75, 1.0), needs ["size"] takes ["alpha", "beta", "bias"];
}
