# 页面的框架，以及各视图共用的部分。

skip-to-content = 跳到正文
home = dichroic，回到模型
views = 视图
model-choice = 模型
total-parameters = 个参数
total-macs = 次乘加
switch-language = Switch to English
dark-theme = 深色
light-theme = 浅色
loading = 加载中…
exported-page = 这个文件包含一个模型及其数值，不需要程序，也不需要网络。
not-exported = 这部分没有写入文件。用 “dichroic explore” 打开模型即可查看。
view-not-here = 本页没有这个视图。用 “dichroic explore” 打开模型即可查看。

view-model = 模型
view-filters = 过滤器
view-convolve = 卷积
view-feature-maps = 特征图
view-why = 为什么
view-what-if = 如果
view-train = 训练
view-paste = 粘贴

line-model = 每一层及其输出的体积，以及各自的代价。
line-filters = 卷积层的每一个权重。一个过滤器由若干卷积核叠成，它看到的每个输入通道各有一个卷积核。
line-convolve = 一个过滤器在输入上滑动：输入块乘以卷积核，再对各通道求和，得到一个值。
line-feature-maps = 图片在网络中的旅程：每个过滤器的回答。
line-why = 图片的哪些部分支持某个类别，以及一个过滤器最喜欢什么。
line-what-if = 同一层，换一种权重共享方式：参数个数与代价会怎样。
line-train = 正在学习的网络。
line-paste = 在这里，Keras 代码无需 Python 就能变成模型。

export = 导出
export-svg = 图片（SVG）
export-png = 图片（PNG）
export-json = 数值（JSON）
colour-scale = 颜色标尺，从 { $minimum } 到 { $maximum }

layer = 层
previous-layer = 上一层
next-layer = 下一层

input = 输入
input-upload = 打开图片…
input-draw = 手绘
input-drawing = 手绘图
input-draw-hint = 用鼠标、手指或笔来画。
input-draw-use = 使用这幅图
input-draw-clear = 清除
input-close = 关闭
