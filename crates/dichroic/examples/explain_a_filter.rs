//! One filter and one output value of a convolution, down to every product.
//!
//!     cargo run --release -p dichroic --example explain_a_filter

use dichroic::Tensor;
use dichroic::explain::{LayerExplanation, Trace, TraceRequest};
use dichroic::layers::Conv2D;
use dichroic::model::{Input, Sequential};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut model = Sequential::new()
        .add(Input::new(&[9, 9, 5]))
        .add(Conv2D::new(56, 4).activation("relu"))
        .finish()?;
    model.build(7)?;

    let layer = LayerExplanation::of(&model, "conv2d")?;
    println!("{}", layer.text());

    let values = (0..9 * 9 * 5).map(|i| (i % 7) as f32 / 7.0).collect();
    let picture = Tensor::new(vec![1, 9, 9, 5], values)?;
    let request = TraceRequest { layer: "conv2d".into(), filter: 3, at: vec![2, 5] };
    let trace = Trace::of(&model, &request, &[picture])?;
    println!("{}", trace.text());
    for channel in &trace.channels {
        println!("input channel {} adds {:+.6}", channel.channel, channel.adds);
    }
    println!("{:+.6} by the products, {:+.6} by the executor", trace.value, trace.executor);
    Ok(())
}
