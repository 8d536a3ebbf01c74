# 编辑器视图。

examples = 从示例开始
example-seed = 四个卷积层
example-layer = 单独一层
example-lenet = LeNet
example-residual = 残差块
example-1d = 序列（1-D）
example-3d = 体数据（3-D）
editor = Keras 代码
run = 运行
running = 运行中…
run-keys = 或按 Ctrl + Enter
input-shape = 输入形状
shape-wrong = 输入形状是不含批次的各维大小，例如 28, 28, 3。
open-file = 打开模型文件…
place = 第 { $line } 行，第 { $column } 列
code-changed = 代码已改动；运行后可看到新模型。
no-code = 这个模型没有附带代码；编辑器中是一个示例。
made-layers = 模型的各层
made-more = 还有 { $count } 层
see-graph = 查看结构图
see-kernels = 查看卷积核
