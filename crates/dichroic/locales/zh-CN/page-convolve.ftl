# 一个过滤器在输入上滑动的视图。

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
