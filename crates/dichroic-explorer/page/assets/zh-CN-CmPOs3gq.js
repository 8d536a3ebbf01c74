var e=Object.values([`# 页面的框架，以及各视图共用的部分。

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
`,`# 一个过滤器在输入上滑动的视图。

convolve-none = 这个模型没有卷积层。请选择别的模型，或粘贴一个。
convolve-closed = 这个文件里的层保持原样。用 “dichroic explore” 打开模型，就能改变卷积核大小、步幅、填充、分组和权重共享。

convolve-filter = 过滤器
convolve-filter-before = 上一个过滤器
convolve-filter-after = 下一个过滤器
convolve-filter-of = 0 至 { $last }

convolve-variant = 改变这一层
convolve-kernel-size = 卷积核大小
convolve-strides = 步幅
convolve-dilation = 空洞率
convolve-padding = 填充
convolve-padding-valid = valid
convolve-padding-same = same
convolve-groups = 分组数
convolve-sharing = 权重共享
convolve-less = { $what }：减一
convolve-more = { $what }：加一
convolve-as-it-is = 恢复原样
convolve-own-weights = 已改变，仍用这一层自己的权重。
convolve-new-weights = 已改变：权重的形状不同了，所以重新随机生成。

sharing-own = 各自独立
sharing-own-means = 每一对输入通道和过滤器都有自己的卷积核。这就是普通的卷积。
sharing-across = 跨通道共享
sharing-across-means = 每个过滤器只有一个卷积核，用在所有输入通道上。
sharing-depthwise = 逐通道
sharing-depthwise-means = 每个过滤器只看一个输入通道。
sharing-grouped = 分组
sharing-grouped-means = 通道和过滤器分成若干组，过滤器只看本组的通道。
sharing-separable = 可分离
sharing-separable-means = 每个输入通道一个卷积核，所有过滤器共用；然后每个过滤器给各通道加权。

convolve-output-shape = 输出
convolve-kernels = 卷积核
convolve-kernel-each = 每个 { $size } 个权重
convolve-parameters = 参数
convolve-macs = 乘加
convolve-macs-means = 每个输入样本
convolve-before = 模型中为 { $value }

convolve-stage = 卷积的运算过程。方向键移动窗口，空格键播放。
convolve-input = 输入
convolve-input-padded = { $size }，连同填充 { $padded }
convolve-input-label = 输入通道 { $channel }，连同填充，{ $size }。方向键移动窗口；回车键查看一个输入值影响哪些输出。
convolve-slice = 切片
convolve-shown = 显示
convolve-as-picture = 所有通道合成图片
convolve-channel-number = 输入通道 { $channel }
convolve-channel-colour = 输入通道 { $channel }（{ $colour }）
convolve-red = 红
convolve-green = 绿
convolve-blue = 蓝
convolve-probe-hint = 点选一个输入值，看它影响哪些输出。
convolve-probe = { $count ->
    [0] 通道 { $channel } 的输入 { $at } 为 { $value }。窗口到不了这里。
   *[other] 通道 { $channel } 的输入 { $at } 为 { $value }。它影响这张特征图的 { $count } 个值。
}
convolve-probe-close = 关闭

convolve-filter-kernels = { $count ->
    [one] 过滤器 { $filter }：它只看一个输入通道，有 1 个卷积核
   *[other] 过滤器 { $filter }：{ $count } 个卷积核，每个输入通道一个
}
convolve-filter-shared = 过滤器 { $filter }：只有一个卷积核，用在 { $count } 个输入通道上
convolve-filter-separable = 过滤器 { $filter }：{ $count } 个与所有过滤器共用的通道卷积核，各乘自己的系数
convolve-filter-grouped = 过滤器 { $filter }：{ $count } 个卷积核，本组每个输入通道一个
convolve-order = 通道的顺序
convolve-order-strength = 贡献大的在前
convolve-order-channel = 按编号
convolve-stronger = ← 前面的通道
convolve-weaker = 后面的通道 →
convolve-rest = 其余 { $count } 个通道合计 { $adds }。
convolve-patch-of = { $name }的输入块
convolve-kernel-of = { $name }的卷积核
convolve-products-of = { $name }的乘积
convolve-sum-of-products = 乘积之和
convolve-outside = 有 { $count } 个值在填充中，按零计算。
convolve-between = 有 { $count } 个权重因步幅而没有对应的输入。
convolve-point = 指向一个格子，读出它的精确数值。
convolve-contributions = 各通道依次加上多少；最后一条是偏置
convolve-contributions-label = 各通道贡献的条形图。{ $channel }贡献 { $adds }；合计 { $sum }。

convolve-output = 特征图 { $filter }
convolve-output-of = { $size }，共 { $filters } 张
convolve-output-label = 特征图 { $filter }，{ $size }，正在看 { $at }。方向键移动窗口。
convolve-output-slice = 第 { $slice } 片；Page Up 和 Page Down 键切换切片。
convolve-sum-over = { $count ->
    [one] 一个通道
   *[other] { $count } 个通道求和
}
convolve-bias = + 偏置
convolve-no-bias = 这一层没有偏置
convolve-activation = 激活
convolve-activation-none = 无 (linear)
convolve-output-value = 输出 { $at }
convolve-agrees = 执行器算得 { $executor }：相差 { $difference }，舍入允许 { $tolerance }。
convolve-live = 过滤器 { $filter } 的输出 { $at } 为 { NUMBER($value, maximumFractionDigits: 6) }。

convolve-player = 走过整张图
convolve-restart = 回到开头
convolve-step-back = 后退一步
convolve-step-on = 前进一步
convolve-play = 播放
convolve-pause = 暂停
convolve-speed = 速度
convolve-steps-a-second = 每秒 { $count } 步
convolve-fill = 特征图
convolve-fill-all = 整张图
convolve-fill-so-far = 已算出的部分
convolve-progress = 第 { $step } 步，共 { $steps } 步

convolve-table = 这个输出值的所有数字（表格）
convolve-table-caption = 过滤器 { $filter } 在 { $at } 的乘积
convolve-channel = 输入通道
convolve-kernel-cell = 卷积核中
convolve-input-position = 输入中
convolve-padding-cell = 填充
convolve-input-value = 输入值
convolve-weight = 权重
convolve-product = 乘积

ties-title = 哪些卷积核是同一个
ties-line = 每行一个输入通道，每列一个过滤器。颜色相同就是同一组权重。
ties-label = 输入通道乘过滤器：{ $channels } × { $filters }，{ $kernels } 个不同的卷积核。方向键选择一对。
ties-part = 画出了 { $channels } 个输入通道中的前 { $rows } 个，{ $filters } 个过滤器中的前 { $columns } 个。
ties-own = 输入通道 { $channel } 与过滤器 { $filter } 有自己的卷积核。
ties-shared = 过滤器 { $filter } 把这个卷积核用在 { $channels } 个输入通道上，其中有通道 { $channel }。
ties-scaled = 全部 { $filters } 个过滤器都用输入通道 { $channel } 的卷积核；过滤器 { $filter } 对它有自己的系数。
ties-unseen = 过滤器 { $filter } 看不到输入通道 { $channel }。
`,`# 各层特征图的视图。

maps-scale = 颜色
maps-scale-map = 每张图单独标度
maps-scale-map-means = 每张图从自己的最小值到最大值：看得清结构，但图与图不能比较。
maps-scale-layer = 整层统一标度
maps-scale-layer-means = 同一层的所有特征图里，颜色相同就是数值相同。

maps-range = 数值
maps-range-of = { $minimum } 至 { $maximum }
maps-mean = 均值
maps-zeros = 零值
maps-saturated = 饱和
maps-dead = { $of } 张特征图中有 { $count } 张失效：对这个输入处处为零。
maps-dead-number = { $channel } 失效
maps-sheet-label = { $layer } 的特征图 { $first } 至 { $last }。方向键选择，回车键放大；现在是特征图 { $chosen }。
maps-before = ← 前面的图
maps-after = 后面的图 →
maps-page = 第 { $first } 至 { $last } 张，共 { $count } 张
maps-slice = 切片

maps-map-of = { $layer } 的特征图 { $channel }
maps-map-description = 一张特征图的数值（{ $size }），用颜色表示。
maps-map-label = 特征图 { $channel }，{ $size }。方向键选择一个值。
maps-close = 关闭
maps-value-at = 位置 ({ $at })
maps-map-numbers = 从 { $minimum } 到 { $maximum }，均值 { $mean }，零值占 { $zeros }
maps-filter = 查看 { $layer } 的过滤器 { $channel }
maps-convolve = 看它如何逐个乘积算出
maps-numbers-label = { $layer } 的 { $count } 个值。方向键选择一个。
maps-number = 第 { $index } 个值：{ $value }

maps-scores = 网络的判断
maps-truth = 实际为：{ $truth }
maps-class = 类别 { $index }
`,`# 卷积层的卷积核视图。

no-convolutions = 这个模型没有卷积层，因此没有卷积核可看。
filters-summary = { $layer }：{ $filters } 个过滤器 × { $channels } 个通道 = { $kernels } 个 { $size } 卷积核，{ $weights } 个权重。
filters-keys = 方向键选择过滤器和通道；所选卷积核的权重列在表格中。
stage = 级
stage-depthwise = 逐通道
stage-pointwise = 逐点
picture = 图示
picture-kernels = 分开的卷积核
picture-block = 每个过滤器一个块
picture-colour = 彩色
says-kernels = 一列是一个过滤器，一行是一个输入通道，每个小方格是一个卷积核。同一列各卷积核的结果由该层相加。
says-block = 权重完全相同：一个过滤器的卷积核前后叠放，就是一个块，深度等于通道数。
says-colour = 红、绿、蓝三个通道的卷积核合成一幅图：灰色表示零。
order = 顺序
order-index = 按编号
order-norm = 按范数
order-similarity = 按相似度
order-sparsity = 按零的多少
rows = 行
rows-seen = 它看到的通道
rows-all = 所有通道
zoom = 缩放
readout-hint = 指向一个权重即可读数。
readout = 过滤器 { $filter }，通道 { $channel }，位置 { $place }：
no-marks = 没有失效的过滤器，也没有两个相同的过滤器。
marks-dead = { $count } 个失效的过滤器（权重几乎全为零）：
marks-twins = { $count } 个过滤器与其他过滤器重复（不计符号与缩放）：
filter-number = 过滤器 { $filter }
filter-convolve = 观看卷积过程
filter-dead = 已失效：它的权重几乎全为零。
filter-twin = 与过滤器 { $filter } 重复（不计符号与缩放）。
filter-sees = 看到通道 { $first } 至 { $last }，共有 { $all } 个通道。
filter-norm = 范数 √Σw²
filter-mean = 均值
filter-range = 范围
filter-zeros = 接近零
filter-bias = 偏置
kernel-of-channel = 通道 { $channel } 的卷积核
channel-before = 上一个通道
channel-after = 下一个通道
weights-table = 卷积核的权重
weights-slice = 切片 { $slice }
`,`# 模型结构图视图。

model-summary = { $name }：{ $layers } 层，{ $parameters } 个参数。
graph-keys = 方向键在各层之间移动，回车展开或折叠分组，加号和减号缩放，0 显示全部。表格中是同样的层。
volume-scale = 方块表示各层输出的体积：高 × 宽，通道沿纵深方向。边长经过压缩：单元数为 { $size } 倍时，画出的长度为 { $edge } 倍。卡片底部的横条是该层在全部乘加中所占的比例。
layers-inside = { $count } 层
groups = 分组
groups-folded = 折叠
groups-open = 全部展开
open-group = 在图中展开
all-layers = 所有层
zoom-in = 放大
zoom-out = 缩小
zoom-fit = 显示全部
search = 查找层
search-hint = 查找层（ / ）
table-of-layers = 各层及其代价
table-of-weights = 该层的权重
more-rows = 还有 { $count } 层
column-layer = 层
column-parameters = 参数
column-macs = 乘加
column-memory = 内存
column-field = 感受野
see-filters = 查看它的过滤器
see-convolve = 观看卷积过程
fact-input = 输入
fact-output = 输出
fact-parameters = 参数
fact-trainable = 可训练
fact-macs = 乘加
fact-memory = 输出所占内存
fact-field = 感受野
fact-stride = 累计步幅
kind-input = 输入
kind-convolution = 卷积
kind-dense = 全连接
kind-pooling = 池化
kind-normalization = 归一化
kind-activation = 激活
kind-merge = 分支合并
kind-shape = 形状
kind-regularization = 随机失活、噪声
kind-other = 其他
`,`# 编辑器视图。

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
`,`# 训练视图。

train-exported = 导出的文件里没有训练。请用 “dichroic explore” 打开模型来训练。
train-data = 数据
train-epochs = 轮数
train-batch = 批大小
train-optimizer = 优化器
train-rate = 学习率
train-as-compiled = 按编译设置
train-start = 训练
train-start-hint = 从这里显示的权重开始，训练 { $model } 的一个副本；它的输入是 { $shape }。副本会出现在模型列表里，所有视图都可以跟随它。
train-stop = 停止
train-resume = 继续
train-progress = 训练进度
train-state-running = 正在训练
train-state-done = 训练完成
train-state-cancelled = 已停止
train-state-failed = 失败
train-place = { $data }，第 { $epoch } 轮，共 { $epochs } 轮
train-seconds = 上一轮用时
train-epoch = 轮
train-training = 训练
train-validation = 验证
train-curve-description = { $title } 随轮数的变化：{ $ends }
train-histograms = 权重与梯度
train-histograms-description = { $count } 组权重及其梯度的数值分布随时间的变化
train-histograms-legend = 时间从左到右，数值从低到高；颜色越浓，数值越多。梯度取自固定不变的一批样本。
train-histograms-which = 显示哪些权重
train-kernels = 卷积核
train-all-weights = 全部
train-values = 数值
train-gradient = 梯度
train-no-gradient = 不参与学习
train-spread = 均值 { $mean }，标准差 { $deviation }
train-filters = { $layer } 的过滤器
train-filters-description = 层 { $layer } 现在的 { $count } 个过滤器
train-filters-begin = 开始时
train-filters-now = 现在
train-confusion = 混淆矩阵
train-confusion-description = 第 { $epoch } 轮之后，{ $all } 个样本中有 { $right } 个正确：{ $share }
train-confusion-legend = 每行是一个真实类别。{ $all } 个中有 { $right } 个正确：{ $share }。
train-truth = 真实类别
train-predicted = 判为
train-cell = { $truth } 中有 { $count } 个被判为 { $predicted }：占该类的 { $share }
train-mistakes = 最严重的错误
train-mistakes-legend = 网络最有把握的错误答案。选一个，看它怎样穿过网络。
train-no-mistakes = 第 { $epoch } 轮之后没有错误。
train-mistake = 以 { $share } 判为 { $predicted }，实际是 { $truth }。显示它的特征图。
train-is = 实际是 { $truth }
`,`# 比较权重共享方式的视图。

what-if-no-convolution = 这个模型没有卷积层，因此没有可以共享的卷积核。
what-if-ways = 共享方式
what-if-description = 层 { $layer } 的卷积核有 { $count } 种共享方式，各列出参数个数、乘加次数和输出。
what-if-legend = 行是输入通道，列是过滤器。每个方块是一个卷积核；颜色相同的方块是同一组权重；小点表示过滤器看不到这个通道。
what-if-picture = { $name }：{ $channels } 个输入通道和 { $filters } 个过滤器组成的矩阵，权重相同的卷积核用同一种颜色
what-if-as-it-is = 现状
what-if-parameters = 参数
what-if-macs = 乘加
what-if-after = 测试准确率，用时 { $seconds } 秒
what-if-refused = 未训练：后面的层不能接受它的输出
what-if-training = 正在训练，第 { $epoch } 轮，共 { $epochs } 轮
what-if-trained = 并排训练
what-if-trained-description = 每种方式都从同一个随机种子开始，用同样的预算训练，并用从未见过的样本测试。
what-if-measure = 曲线显示的内容
what-if-accuracy = 准确率
what-if-loss = 损失
what-if-start = 逐一训练
what-if-stopped = 已停止。
`,`# 这个视图问：图片里什么起作用，过滤器在找什么。

why-pictures-only = 这个视图只解释输入为一张图片（一个或三个通道）的模型。请选择别的模型。
why-ask = 问题
why-ask-class = 为什么是这一类？
why-ask-filter = 什么最能激活一个过滤器？

why-class = 类别
why-methods = 方法
why-opacity = 覆盖程度
why-picture = 图片
why-waiting = 排队中
why-running = 计算中
why-progress = 进度
why-cancel = 停止
why-cancelled = 已停止。
why-again = 重新开始
why-not-yet = { $method }，尚未计算。
why-result = { $method } 对 { $class }（得分 { $score }）的解释：颜色越强，该处越重要。
why-looks-at = 依据 { $layer } 的特征图。
why-completeness = 显著图之和为 { $sum }；得分上升了 { $expected }。

why-grad-cam = 按类别对每张特征图的依赖程度给卷积层的特征图加权求和，只保留支持这一类的部分。
why-grad-cam-plus-plus = 对特征图的每个位置单独加权的 Grad-CAM，同类的多个物体都能显出来。
why-saliency = 像素稍微改变时得分改变多少：梯度的大小。
why-smooth-grad = 给图片加少量噪声，多次求显著性再平均，去掉偶然的部分。
why-integrated-gradients = 从全黑图片到这张图片，一路累加梯度；显著图之和就是得分的上升。
why-occlusion = 逐块遮住图片，记录得分下降多少。

why-no-layer = 这个模型没有二维卷积层。
why-maximal = 从噪声开始，一步步改变输入，让过滤器的特征图变大：最后得到的就是过滤器在找的东西。
why-steps = 步数
why-start = 开始
why-maximal-title = { $layer } 的过滤器 { $filter } 在找什么
why-maximal-description = 到目前为止最能激活过滤器的输入。
why-activation = 过滤器求和值的均值（激活之前）
why-ascent = 第 { $step } 步，共 { $steps } 步：{ $activation }
why-step = 步
`]);export{e as messages};