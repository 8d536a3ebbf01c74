#![allow(missing_docs)]
use dichroic::explain::*;
use dichroic::layers::*;
use dichroic::model::*;
#[test]
fn show() {
    let mut m = Sequential::new().add(Input::new(&[28,28,3])).add(Conv2D::new(32,5).padding(Padding::Same).activation("relu")).add(Conv2D::new(16,3).strides(2))
      .add(DepthwiseConv2D::new(3)).add(SeparableConv2D::new(8,3)).add(Conv2DTranspose::new(4,3).strides(2).padding(Padding::Same)).add(Flatten::new()).add(Dense::new(10)).finish().unwrap();
    m.build(7).unwrap();
    let d = "/tmp/me/";
    std::fs::write(format!("{d}f1.png"), FilterPicture::default().draw(&m,"conv2d").unwrap().to_png().unwrap()).unwrap();
    std::fs::write(format!("{d}f1.svg"), FilterPicture::default().draw(&m,"conv2d").unwrap().to_svg()).unwrap();
    std::fs::write(format!("{d}f2.png"), FilterPicture::default().draw(&m,"conv2d_1").unwrap().to_png().unwrap()).unwrap();
    std::fs::write(format!("{d}f3.png"), FilterPicture::default().draw(&m,"depthwise_conv2d").unwrap().to_png().unwrap()).unwrap();
    let mut w = WhatIf::of(&m,"conv2d").unwrap(); println!("{}", w.text());
    std::fs::write(format!("{d}w1.png"), w.picture().to_png().unwrap()).unwrap();
    let mut w2 = WhatIf::of(&m,"conv2d_1").unwrap(); println!("{}", w2.text());
    for (i,v) in w2.variants.iter_mut().enumerate() { v.test_accuracy = Some(0.8 - 0.03*i as f64); v.seconds=Some(3.2); }
    w.variants.clear(); println!("{}", w2.text());
    std::fs::write(format!("{d}w2.png"), w2.picture().to_png().unwrap()).unwrap();
    std::fs::write(format!("{d}w2.svg"), w2.picture().to_svg()).unwrap();
    for l in LayerExplanation::of_all(&m).unwrap() { println!("{}", l.text()); }
    println!("{}", serde_json::to_string_pretty(&LayerExplanation::of(&m,"conv2d_1").unwrap()).unwrap());
    let x = dichroic_graph::kernels::tensor::Tensor::new([1,28,28,3], (0..28*28*3).map(|i| ((i*37)%101) as f32/101.0).collect::<Vec<_>>()).unwrap();
    for (l,f,at) in [("conv2d",3,[0,5]),("conv2d_1",3,[1,5]),("depthwise_conv2d",2,[3,3]),("separable_conv2d",1,[2,2]),("conv2d_transpose",1,[4,5])] {
        match Trace::of(&m,&TraceRequest{layer:l.into(),filter:f,at:at.to_vec()},&[x.clone()]) { Ok(t)=>println!("{}",t.text()), Err(e)=>println!("ERR {e}") }
    }
    for r in [("conv2d",99,vec![0,0]),("conv2d",0,vec![40,0]),("conv2d",0,vec![1]),("flatten",0,vec![1])] { println!("{}", Trace::of(&m,&TraceRequest{layer:r.0.into(),filter:r.1,at:r.2},&[x.clone()]).unwrap_err()); }
    let s = Summary::of(&m, None);
    println!("{}", s.render(Style::Keras3,&SummaryOptions{columns: vec![Column::Formula,Column::Macs,Column::Memory,Column::ReceptiveField,Column::OutputStride],..Default::default()}).unwrap());
    println!("{}", s.render(Style::Keras3,&SummaryOptions{color: Color::Ansi, show_trainable:true,..Default::default()}).unwrap());
    println!("{}", s.render(Style::Keras2,&SummaryOptions{columns: vec![Column::Formula,Column::Flops],..Default::default()}).unwrap());
    println!("{}", serde_json::to_string_pretty(&s).unwrap());
}
