# 程序在解释前后说的话。

program-made-up-input = 输入是编造的；用 --image FILE 可以给出真实的图片。
program-training = 正在训练：{ $variant } …
program-drew = 已绘制 { $path }
