//! `--lang` and the terminal's language: the same numbers in English and in Chinese.

mod support;

use serde_json::Value;
use support::{Place, keys};

const LAYER: [&str; 4] = ["explain", "--input", "9,9,5", "Conv2D(56, 4)"];

fn seed() -> Place {
    let place = Place::new(&format!("languages-{:?}", std::thread::current().id()));
    place.model("keras_seed.py");
    place
}

fn spoken(place: &Place, locale: (&str, &str), arguments: &[&str]) -> String {
    let mut command = place.command(arguments);
    command.env(locale.0, locale.1);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

#[test]
fn a_layer_is_explained_in_chinese() {
    let text = seed().good(&with(&LAYER, &["--lang", "zh-CN"]));
    for line in [
        "    56 个过滤器：每个产生输出的一个通道，即一张特征图\n",
        "    280 个卷积核：每一对输入通道与过滤器各有一个，5 × 56\n",
        "    每个过滤器 80 个权重：5 个通道 × 4×4\n",
        "    4,536 个参数：56 个过滤器 × 5 个通道 × 4×4 + 56 个偏置 = 4,536\n",
        "    高度：⌊(9 - 4) / 1⌋ + 1 = 6\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn the_terminal_chooses_the_language_of_texts_and_an_option_overrides_it() {
    let place = seed();
    let english = place.good(&LAYER);
    let chinese = place.good(&with(&LAYER, &["--lang", "zh-CN"]));
    assert_eq!(spoken(&place, ("LC_ALL", "zh_CN.UTF-8"), &LAYER), chinese);
    assert_eq!(spoken(&place, ("LANG", "zh_CN.UTF-8"), &LAYER), chinese);
    assert_eq!(spoken(&place, ("LANG", "fr_FR.UTF-8"), &LAYER), english);
    let asked = with(&LAYER, &["--lang", "en"]);
    assert_eq!(spoken(&place, ("LC_ALL", "zh_CN.UTF-8"), &asked), english);
}

#[test]
fn json_is_english_unless_a_language_is_asked_for_and_keeps_its_field_names() {
    let place = seed();
    let json = with(&LAYER, &["--json"]);
    let english = place.json(&json);
    let there: Value =
        serde_json::from_str(&spoken(&place, ("LC_ALL", "zh_CN.UTF-8"), &json)).unwrap();
    assert_eq!(there, english);
    let chinese = place.json(&with(&json, &["--lang", "zh-CN"]));
    assert_eq!(keys(&chinese), keys(&english));
    assert_eq!(chinese["parameters"], 4536);
    assert_eq!(chinese["notes"][0]["about"], "数量");
    assert_eq!(chinese["formula"], "56 个过滤器 × 5 个通道 × 4×4 + 56 个偏置 = 4,536");
}

#[test]
fn a_trace_speaks_chinese_and_its_numbers_are_the_same() {
    let place = seed();
    let trace = ["explain", "keras_seed.py", "--filter", "3", "--at", "0,0"];
    let numbers = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| !c.is_ascii_digit() && c != '.');
        parts
            .filter(|part| part.contains(|c: char| c.is_ascii_digit()))
            .map(str::to_owned)
            .collect()
    };
    let english = place.good(&trace);
    let chinese = place.good(&with(&trace, &["--lang", "zh-CN"]));
    assert!(
        chinese.contains("输入通道 0，输入块从 -2,-2 开始，16 个值在输入之外，按 0 计"),
        "{chinese}"
    );
    assert!(chinese.contains("3 个通道之和") && chinese.contains("两者一致"), "{chinese}");
    assert_eq!(numbers(&chinese), numbers(&english));
}

#[test]
fn sharing_is_compared_in_chinese_with_columns_that_line_up() {
    let text = seed().good(&["what-if", "keras_seed.py", "--layer", "conv2d", "--lang", "zh-CN"]);
    assert!(text.starts_with("conv2d（Conv2D）在各种权重共享方式下\n"), "{text}");
    // Each Chinese character takes two columns.
    let column = |line: &str, of: &str| {
        let before = &line[..line.find(of).unwrap_or_else(|| panic!("{of} in {line}"))];
        before.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum::<usize>() + of.len()
    };
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert!(lines[1].starts_with("每一对各有自己的卷积核（现状）"), "{text}");
    assert_eq!(column(lines[1], "2,400"), column(lines[2], "800"));
    assert!(text.contains("略去 分组：3 个输入通道与 32 个过滤器没有大于 1 的公约数"), "{text}");
}

#[test]
fn a_summary_keeps_the_words_of_keras_and_translates_the_columns_beside_them() {
    let text = seed().good(&["summary", "keras_seed.py", "--formulas", "--lang", "zh-CN"]);
    assert!(text.contains("┃ Layer (type)") && text.contains(" Total params: 10,104"), "{text}");
    assert!(text.contains("32 个过滤器 × 3 个通道 × 5×5 = 2,400"), "{text}");
    assert!(text.contains("┃ 算式"), "{text}");
    let table = text.lines().filter(|line| line.starts_with(['┃', '│', '┏', '┡', '├', '└']));
    let widths: std::collections::BTreeSet<usize> =
        table.map(|line| line.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()).collect();
    assert_eq!(widths.len(), 1, "{text}");
}

#[test]
fn a_language_that_is_not_there_is_refused_with_those_that_are() {
    let message = seed().bad(2, &with(&LAYER, &["--lang", "fr"]));
    assert!(message.contains("there is no language \"fr\"; there are en, zh-CN"), "{message}");
}
