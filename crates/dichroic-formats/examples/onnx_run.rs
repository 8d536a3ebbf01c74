//! Reads an ONNX file and runs it, for comparison with other programs (`.ci/onnx_import.py`).
//!
//!     cargo run --release -p dichroic-formats --example onnx_run -- FOLDER
//!
//! `FOLDER/model.onnx` is read; `FOLDER/input_N.f32` and `FOLDER/input_N.shape` (sizes between blanks) are its inputs in
//! the file's order of axes. Where `FOLDER/input_N.name` names an input, its shape is told to the reader. It writes `FOLDER/got_N.f32` and `.shape` and prints the layers' classes, the number of
//! parameters, the time that reading took and the most memory that was held.
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use dichroic::Tensor;
use dichroic_formats::onnx::{OnnxOptions, read_onnx};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("give a folder with model.onnx")?;
    let folder = Path::new(&folder);
    let start = Instant::now();
    let imported = read_onnx(&folder.join("model.onnx"), &options(folder)?)?;
    println!("time {:.4}", start.elapsed().as_secs_f64());
    println!("parameters {}", imported.model.count_params());
    let classes = imported.model.layers().iter().map(|layer| layer.class_name());
    println!("classes {}", classes.collect::<Vec<_>>().join(" "));

    let mut inputs = Vec::new();
    for (number, port) in imported.inputs.iter().enumerate() {
        let (shape, values) = read(&folder.join(format!("input_{number}")))?;
        inputs.push(moved(&shape, &values, &port.order)?);
    }
    let outputs = imported.model.predict(&inputs)?;
    for (number, (port, output)) in imported.outputs.iter().zip(&outputs).enumerate() {
        let mut back = vec![0; port.order.len()];
        for (place, &axis) in port.order.iter().enumerate() {
            back[axis] = place;
        }
        let output = moved(output.shape(), output.data(), &back)?;
        let name = folder.join(format!("got_{number}"));
        let bytes: Vec<u8> = output.data().iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(name.with_extension("f32"), bytes)?;
        let shape: Vec<String> = output.shape().iter().map(usize::to_string).collect();
        fs::write(name.with_extension("shape"), shape.join(" "))?;
    }
    // Linux tells how much memory was held at most.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse()?;
        println!("megabytes {:.0}", kilobytes / 1024.0);
    }
    Ok(())
}

/// The shapes of the inputs that are named.
fn options(folder: &Path) -> Result<OnnxOptions, Box<dyn Error>> {
    let mut options = OnnxOptions::default();
    for number in 0.. {
        let Ok(name) = fs::read_to_string(folder.join(format!("input_{number}.name"))) else {
            break;
        };
        let (shape, _) = read(&folder.join(format!("input_{number}")))?;
        options.input_shapes.insert(name, shape);
    }
    Ok(options)
}

fn read(name: &Path) -> Result<(Vec<usize>, Vec<f32>), Box<dyn Error>> {
    let shape = fs::read_to_string(name.with_extension("shape"))?;
    let shape = shape.split_whitespace().map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let bytes = fs::read(name.with_extension("f32"))?;
    let values = bytes.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect();
    Ok((shape, values))
}

/// The array whose axis `k` is axis `order[k]` of the one given.
fn moved(shape: &[usize], values: &[f32], order: &[usize]) -> Result<Tensor, Box<dyn Error>> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    let sizes: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let place = |number: usize| {
        let mut rest = number;
        let mut place = 0;
        for (&size, &axis) in sizes.iter().zip(order).rev() {
            place += rest % size * strides[axis];
            rest /= size;
        }
        place
    };
    let data = (0..values.len()).map(|number| values[place(number)]).collect();
    Ok(Tensor::new(sizes.clone(), data)?)
}
