use std::collections::HashSet;

use super::*;
use crate::applications::{NAMES, Options, by_name};
use crate::explain::Summary;
use crate::layers::{Activation, Add, BatchNormalization, Conv2D, Dense, MaxPooling2D, Padding};
use crate::model::{Call, Input, LayerRef, Sequential, Symbol};

fn application(name: &str) -> Architecture {
    Architecture::of(&by_name(name, &Options::default()).unwrap()).unwrap()
}

fn named<'a>(architecture: &'a Architecture, name: &str) -> &'a Group {
    let mut found = architecture.groups.iter().filter(|group| group.name == name);
    let group = found.next().unwrap_or_else(|| panic!("no group {name}: {}", tree(architecture)));
    assert!(found.next().is_none(), "two groups {name}");
    group
}

fn layers(architecture: &Architecture, group: &Group) -> Vec<String> {
    group.nodes.iter().map(|&node| architecture.nodes[node].layer.clone()).collect()
}

/// The groups, indented, for messages.
fn tree(architecture: &Architecture) -> String {
    let depth = |mut group: Option<usize>| {
        let mut depth = 0;
        while let Some(id) = group {
            depth += 1;
            group = architecture.groups[id].parent;
        }
        depth
    };
    let line = |group: &Group| {
        let indent = "  ".repeat(depth(group.parent));
        format!("\n{indent}{} {:?} {} nodes", group.name, group.kind, group.nodes.len())
    };
    architecture.groups.iter().map(line).collect()
}

fn check(model: &Model, architecture: &Architecture) {
    let summary = Summary::of(model, None);
    let totals = &architecture.totals;
    assert_eq!(totals.parameters, summary.total_params);
    assert_eq!(totals.trainable, summary.trainable_params);
    assert_eq!((totals.macs, totals.activation_bytes), (summary.macs, summary.activation_bytes));
    assert_eq!(architecture.nodes.iter().map(|n| n.macs).sum::<Option<u64>>(), summary.macs);
    let mut counted = HashSet::new();
    let once = architecture.nodes.iter().filter(|node| counted.insert(&node.layer));
    assert_eq!(once.map(|node| node.parameters).sum::<u64>(), summary.total_params);
    assert!(architecture.edges.iter().all(|edge| edge.from < edge.to));
    for (id, group) in architecture.groups.iter().enumerate() {
        assert_eq!(group.id, id);
        assert!(group.parent.is_none_or(|parent| parent < id), "{group:?}");
        for &node in &group.nodes {
            assert_eq!(architecture.nodes[node].group, Some(id));
        }
    }
    for node in &architecture.nodes {
        assert_eq!(model.path_of(&node.layer).unwrap(), node.layer);
    }
}

#[test]
fn every_application_adds_up_to_its_summary() {
    for name in NAMES {
        let model = by_name(name, &Options::default()).unwrap();
        let architecture = Architecture::of(&model).unwrap();
        check(&model, &architecture);
        assert_eq!(architecture.nodes.len(), model.all_layers().len());
    }
}

#[test]
fn residual_blocks_lie_in_stages_with_their_last_activation() {
    let resnet = application("ResNet50");
    let stages: Vec<&str> = resnet
        .groups
        .iter()
        .filter(|group| group.kind == GroupKind::Chain && group.nodes.is_empty())
        .map(|group| group.name.as_str())
        .collect();
    assert_eq!(stages, ["conv2", "conv3", "conv4", "conv5"]);
    let block = named(&resnet, "conv4_block6");
    assert_eq!((block.kind, block.parent), (GroupKind::Block, Some(named(&resnet, "conv4").id)));
    assert_eq!(block.nodes.len(), 10);
    assert_eq!(layers(&resnet, block).last().unwrap(), "conv4_block6_out");
    assert_eq!(layers(&resnet, named(&resnet, "conv1")).len(), 4);
    let blocks = resnet.groups.iter().filter(|group| group.kind == GroupKind::Block).count();
    assert_eq!(blocks, 3 + 4 + 6 + 3);
    let blocks = application("ResNet101");
    assert_eq!(blocks.groups.iter().filter(|g| g.kind == GroupKind::Block).count(), 3 + 4 + 23 + 3);
}

#[test]
fn inception_blocks_are_named_after_the_layer_that_joins_them() {
    let inception = application("InceptionV3");
    for block in 0..=10 {
        let group = named(&inception, &format!("mixed{block}"));
        assert_eq!((group.kind, group.parent), (GroupKind::Block, None));
    }
    let inner = named(&inception, "mixed9_0");
    assert_eq!(inner.parent, Some(named(&inception, "mixed9").id));
    assert_eq!(inner.nodes.len(), 7);
}

#[test]
fn mobile_blocks_with_and_without_a_shortcut_have_their_names() {
    let mobile = application("MobileNetV2");
    let (plain, residual) = (named(&mobile, "block_1"), named(&mobile, "block_2"));
    assert_eq!((plain.kind, residual.kind), (GroupKind::Chain, GroupKind::Block));
    assert_eq!(layers(&mobile, residual).last().unwrap(), "block_2_add");
    assert_eq!(named(&mobile, "expanded_conv").nodes.len(), 5);
    assert_eq!(named(&application("MobileNet"), "conv_dw_3").nodes.len(), 3);
}

#[test]
fn the_blocks_of_a_chain_follow_from_its_names() {
    let vgg = application("VGG16");
    let names: Vec<&str> = vgg.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["block1", "block2", "block3", "block4", "block5"]);
    assert_eq!(layers(&vgg, &vgg.groups[0]), ["block1_conv1", "block1_conv2", "block1_pool"]);
    let convolution = vgg.nodes[1].convolution.as_ref().unwrap();
    assert_eq!((convolution.filters, convolution.how.in_channels), (64, 3));
    let json = serde_json::to_value(&vgg).unwrap();
    assert_eq!(json["nodes"][1]["convolution"]["kernel_size"], serde_json::json!([3, 3]));
    assert_eq!(json["nodes"][1]["input_shape"], serde_json::json!([224, 224, 3]));
    assert_eq!(json["nodes"][0]["input_shape"], serde_json::json!(null));
    assert_eq!(json["groups"][0]["kind"], "chain");
    assert_eq!(json["nodes"][1]["formula"], "64 filters × 3 channels × 3×3 + 64 biases = 1,792");
    let chinese = vgg.in_language(Language::Chinese).nodes.swap_remove(1).formula.to_string();
    assert_eq!(chinese, "64 个过滤器 × 3 个通道 × 3×3 + 64 个偏置 = 1,792");
}

#[test]
fn nested_models_are_spread_out_each_call_in_a_group_of_its_own() {
    let block = || {
        Sequential::named("block")
            .add(Input::new(&[8, 8, 4]))
            .add(Conv2D::new(4, 3).padding(Padding::Same))
            .add(Activation::new("relu"))
            .finish()
            .unwrap()
    };
    let x = Input::new(&[8, 8, 4]);
    let shared = LayerRef::from(block());
    let y = shared.call(shared.call(&x).unwrap()).unwrap();
    let z = Add::new().call([&x, &y]).unwrap();
    let outer = Model::named("outer", &x, &z).unwrap();
    let input = Input::new(&[8, 8, 4]);
    let model = Model::new(&input, outer.call(&input).unwrap()).unwrap();
    let architecture = Architecture::of(&model).unwrap();
    check(&model, &architecture);
    let paths: Vec<&str> = architecture.nodes.iter().map(|node| node.layer.as_str()).collect();
    let calls = ["outer/block/conv2d", "outer/block/activation"];
    assert_eq!(paths[1..], [calls[0], calls[1], calls[0], calls[1], "outer/add"]);
    let edges: Vec<(usize, usize)> = architecture.edges.iter().map(|e| (e.from, e.to)).collect();
    assert_eq!(edges, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (4, 5)]);
    let nested = architecture.groups.iter().filter(|group| group.name == "block");
    let nested: Vec<&Group> = nested.collect();
    assert_eq!(nested.len(), 2);
    assert_eq!(nested[0].parameters, 148);
    let outer = named(&architecture, "outer");
    assert_eq!((outer.kind, outer.parameters), (GroupKind::Model, 148));
    assert_eq!(outer.macs, architecture.totals.macs);
}

#[test]
fn several_inputs_are_nodes_and_no_block_begins_before_them() {
    let (a, b) = (Input::named("a", &[4]), Input::named("b", &[4]));
    let shared = LayerRef::named("shared", Dense::new(4));
    let sum = Add::new().call([&shared.call(&a).unwrap(), &shared.call(&b).unwrap()]).unwrap();
    let model = Model::new([&a, &b], &sum).unwrap();
    let architecture = Architecture::of(&model).unwrap();
    check(&model, &architecture);
    assert_eq!(architecture.nodes.len(), 5);
    assert!(architecture.groups.is_empty());
}

fn unit(x: &Symbol) -> Symbol {
    let x = Conv2D::new(4, 3).padding(Padding::Same).call(x).unwrap();
    Activation::new("relu").call(BatchNormalization::new().call(&x).unwrap()).unwrap()
}

#[test]
fn a_block_that_is_read_elsewhere_is_left_open_and_a_nested_one_is_found() {
    let x = Input::new(&[8, 8, 4]);
    let inner = Add::new().call([&x, &unit(&x)]).unwrap();
    let outer = Add::new().call([&x, &unit(&inner)]).unwrap();
    let open = unit(&outer);
    let last = Add::new().call([&outer, &open]).unwrap();
    let model = Model::new(&x, [&last, &open]).unwrap();
    let architecture = Architecture::of(&model).unwrap();
    check(&model, &architecture);
    let blocks: Vec<(&str, Option<usize>)> =
        architecture.groups.iter().map(|g| (g.name.as_str(), g.parent)).collect();
    assert_eq!(blocks, [("add_1", None), ("add", Some(0))], "{}", tree(&architecture));
}

#[test]
fn long_rows_of_layers_without_names_are_folded_where_they_repeat() {
    let x = Input::new(&[16, 16, 4]);
    let mut y = x.clone();
    for _ in 0..4 {
        y = unit(&y);
    }
    let y = MaxPooling2D::new(2).call(&y).unwrap();
    let architecture = Architecture::of(&Model::new(&x, &y).unwrap()).unwrap();
    let names: Vec<&str> = architecture.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names.len(), 4);
    assert_eq!(names[1], "conv2d_1 … activation_1");
    assert_eq!(architecture.groups[1].nodes.len(), 3);
}
