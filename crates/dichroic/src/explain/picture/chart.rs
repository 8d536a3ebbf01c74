//! Variants of a layer as bars: parameters, and test accuracy where they have been trained.

use super::scene::{Anchor, Rgb, Scene, text_width};
use crate::explain::{Language, Variant, WhatIf};
use crate::layers::grouped;

const BAR: u32 = 320;
const ROW: u32 = 30;
const MARGIN: u32 = 16;
const DOT: u32 = 2;
const PARAMETERS: Rgb = [33, 102, 172];
const ACCURACY: Rgb = [200, 90, 40];
const TRACK: Rgb = [236, 239, 243];
const OWN: Rgb = [250, 244, 214];

impl WhatIf {
    /// The variants as a picture: a bar for the parameters of each, and one for its accuracy once it has been trained.
    pub fn picture(&self) -> Scene {
        // The letters of pictures are Latin.
        let title = format!("{} ({}) under every sharing", self.layer, self.class_name);
        let mut scene = Scene::new(title.clone());
        let trained = self.variants.iter().any(|variant| variant.test_accuracy.is_some());
        let widest = |text: fn(&Variant) -> String| {
            self.variants.iter().map(|variant| text_width(&text(variant), DOT)).max().unwrap_or(0)
        };
        let bars = MARGIN + widest(label) + 12;
        let first_value = widest(|variant| grouped(variant.params)).max(text_width("0", DOT));
        let second = bars + BAR + 8 + first_value + 24;
        let right = match trained {
            true => second + BAR + 8 + text_width("100.0 %", DOT),
            false => bars + BAR + 8 + first_value,
        };

        scene.text((MARGIN, MARGIN), DOT, &title, Anchor::Start);
        let headers = MARGIN + 34;
        scene.text((bars, headers), DOT, "parameters", Anchor::Start);
        if trained {
            scene.text((second, headers), DOT, "test accuracy", Anchor::Start);
        }
        let top = headers + 24;
        scene.width = (right + MARGIN).max(MARGIN * 2 + text_width(&title, DOT));
        let most = self.variants.iter().map(|variant| variant.params).max().unwrap_or(1).max(1);
        for (index, variant) in self.variants.iter().enumerate() {
            let y = top + index as u32 * ROW;
            if variant.as_it_is {
                let width = scene.width - MARGIN;
                scene.rect((MARGIN / 2, y - 4), (width, ROW - 2), OWN);
            }
            scene.text((bars - 12, y + 4), DOT, &label(variant), Anchor::End);
            let share = variant.params as f64 / most as f64;
            bar(&mut scene, (bars, y), share, PARAMETERS);
            let value = grouped(variant.params);
            scene.text((bars + BAR + 8, y + 4), DOT, &value, Anchor::Start);
            if let Some(accuracy) = variant.test_accuracy {
                bar(&mut scene, (second, y), accuracy, ACCURACY);
                let value = format!("{:.1} %", accuracy * 100.0);
                scene.text((second + BAR + 8, y + 4), DOT, &value, Anchor::Start);
            }
        }
        scene.height = top + self.variants.len() as u32 * ROW + MARGIN;
        scene
    }
}

fn label(variant: &Variant) -> String {
    let name = variant.name.text_in(Language::English);
    match variant.sharing {
        "across_input_channels" => "one kernel a filter".to_owned(),
        // Two ways of depthwise differ only after the comma.
        "depthwise" => name,
        _ => name.split([',', ':']).next().unwrap_or(&name).to_owned(),
    }
}

fn bar(scene: &mut Scene, (x, y): (u32, u32), share: f64, fill: Rgb) {
    scene.rect((x, y), (BAR, ROW - 10), TRACK);
    let width = (share.clamp(0.0, 1.0) * f64::from(BAR)).round() as u32;
    // A bar too small for a pixel is still there.
    scene.rect((x, y), (width.max(1), ROW - 10), fill);
}
